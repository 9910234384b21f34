"""This wire's doors for users and their second factors, one row each."""

from msgspec.structs import replace

from keyturn.core import commands as c
from keyturn.core.outcomes import Denied, Reason
from keyturn.dialects.rocketchat import answers as a
from keyturn.dialects.rocketchat import codes as x
from keyturn.dialects.rocketchat import user_answers as ua
from keyturn.dialects.rocketchat import user_bodies as b
from keyturn.dialects.rocketchat import user_reading as r
from keyturn.dialects.rocketchat import user_refusals as f
from keyturn.dialects.rocketchat import user_writing as w
from keyturn.dialects.rocketchat.profiles import guarded, read_first
from keyturn.dialects.rocketchat.reading import nobody, plainly, proving, refused
from keyturn.dialects.rocketchat.routes import V1
from keyturn.dialects.rocketchat.steps import ANEW, ITSELF, NOTHING, STEP_UP, for_somebody_else, in_later_versions
from keyturn.dialects.rocketchat.writing import done, left
from keyturn.wire import RateLimit, Request, Route

SELDOM = RateLimit(1, 60, left)


# --- one path, several wishes


def registering(request: Request) -> Route:
    """Who shows credentials is told that there is an account already."""
    shown = request.header("x-auth-token") and request.header("x-user-id")
    return KNOWN if shown else REGISTER


def own_change(request: Request) -> Route:
    """A new password or mail address wants the current password; names do not."""
    return CHANGE if r.wants_proof(request) else EDIT


def standing(request: Request) -> Route:
    """Somebody is stopped, or let in again."""
    return REINSTATE if r.lets_in(request) else SUSPEND


# fmt: off
REGISTER = Route("POST", f"{V1}/users.register", c.Register, r.register, w.added, "users.register", "Add oneself, where the realm lets people",
                 nobody, b.Registration, ua.UserTold, refusals=f.REGISTER, public=True, limit=SELDOM)
KNOWN = replace(REGISTER, command=c.ShowSelf, read=plainly(c.ShowSelf), write=w.registered_before, present=None)
EDIT = Route("POST", f"{V1}/users.updateOwnBasicInfo", c.EditSelf, r.edit_self, w.added, "users.updateOwnBasicInfo",
             "Change oneself; a new password or mail address wants the current password", body=b.OwnChange, answer=ua.UserTold,
             order=read_first, refusals=f.OWN, limit=SELDOM)
CHANGE = replace(EDIT, command=c.ChangeSelf, read=r.change_self, present=proving(r.current_password))
SUSPEND = Route("POST", f"{V1}/users.setActiveStatus", c.SuspendUser, r.activity(c.SuspendUser, False), w.activity, "users.setActiveStatus",
                "Stop somebody, or let them in again", body=b.Active, answer=ua.ActivityTold, order=guarded, gate="users:disable",
                refusals=f.GUARDED)
REINSTATE = replace(SUSPEND, command=c.ReinstateUser, read=r.activity(c.ReinstateUser, True))

USERS = (
    Route("POST", f"{V1}/users.create", c.CreateUser, r.create_user, w.added, "users.create", "Add a user", body=b.NewUser,
          answer=ua.UserTold, step_up=in_later_versions, refusals=f.CREATE),
    replace(REGISTER, choose=registering),
    Route("GET", f"{V1}/users.info", c.ShowUser, r.show_user, w.user, "users.info", "One user", answer=ua.UserTold, refusals=f.SHOW,
          query=("userId", "username", "importId", "email", "fields", "query", "includeUserRooms")),
    Route("POST", f"{V1}/users.update", c.EditUser, r.edit_user, w.added, "users.update", "Change a user, all that is given or nothing",
          body=b.UserChange, answer=ua.UserTold, step_up=STEP_UP, refusals=f.UPDATE),
    replace(EDIT, choose=own_change),
    replace(SUSPEND, choose=standing),
    Route("POST", f"{V1}/users.delete", c.DeleteUser, r.about(c.DeleteUser), w.deleted, "users.delete", "Delete a user", body=b.Whom,
          answer=ua.Deleted, order=guarded, gate="users:edit", refusals=f.GUARDED),
    Route("POST", f"{V1}/users.deleteOwnAccount", c.ShowSelf, refused(Denied(Reason.FORBIDDEN)), done, "users.deleteOwnAccount",
          "Never: accounts are deleted by somebody who may", body=b.Farewell, answer=a.Done, refusals=f.NEVER),
    Route("POST", f"{V1}/users.forgotPassword", c.RequestReset, r.request_reset, done, "users.forgotPassword",
          "Mail a reset token to whoever has that address, if anybody has", nobody, b.Forgotten, a.Done, refusals=f.FORGOTTEN, public=True),
    Route("GET", f"{V1}/users.checkUsernameAvailability", c.CheckName, r.check_name, w.free, "users.checkUsernameAvailability",
          "Whether a user name may be taken", answer=ua.Free, refusals=f.CHECK_NAME, query=("username",)),
    # Who may not act for others never comes as far as the secret, and so cannot guess at it.
    Route("POST", f"{V1}/users.createToken", c.IssueDelegation, r.create_token, w.delegated, "users.createToken",
          "A token that acts for somebody, where the realm lets this wire make such", body=b.Acting, answer=a.DelegationMade,
          step_up=for_somebody_else, order=guarded, gate="users:act_for", refusals=f.CREATE_TOKEN),
    Route("POST", f"{V1}/users.removeOtherTokens", c.EndSessions, plainly(lambda: c.EndSessions(wire=True, keep=True)), done,
          "users.removeOtherTokens", "End every token of one's own here but the presented one", answer=a.Done, refusals=f.OWN_SESSIONS),
    Route("POST", f"{V1}/users.logoutOtherClients", c.EndSessions, plainly(lambda: c.EndSessions(keep=True)), w.kept,
          "users.logoutOtherClients", "End every session of one's own but the presented one", answer=a.Kept, refusals=f.OWN_SESSIONS),
    Route("POST", f"{V1}/users.logout", c.EndSessions, r.sign_out, w.signed_out, "users.logout",
          "End every session, and every token of this wire, of somebody or of oneself", body=b.Ended, answer=ua.SignedOut, bare=True,
          refusals=f.SIGN_OUT),
)

FACTORS = (
    Route("POST", f"{V1}/users.2fa.enableEmail", c.EnrolFactor, plainly(lambda: c.EnrolFactor("email")), done, "users.2fa.enableEmail",
          "Ask for codes by mail from now on", answer=a.Done, step_up=NOTHING, refusals=f.MAILED_ON),
    Route("POST", f"{V1}/users.2fa.disableEmail", c.RemoveFactor, plainly(lambda: c.RemoveFactor(kind="email")), done,
          "users.2fa.disableEmail", "Ask for no more codes by mail", answer=a.Done, step_up=ANEW, refusals=f.NO_MORE_MAIL),
    Route("POST", f"{V1}/users.2fa.sendEmailCode", c.MailCode, x.mail_code, done, "users.2fa.sendEmailCode",
          "Mail a code to whoever has that name, if anybody is asked for codes by mail", nobody, b.CodeFor, a.Done, refusals=f.MAIL_CODE,
          public=True),
    Route("POST", f"{V1}/users.resetTOTP", c.ResetFactors, x.reset, done, "users.resetTOTP",
          "Take the authenticator of somebody, or of oneself, away; their sessions end", body=b.Whom, answer=a.Done, step_up=ANEW,
          bare=True, refusals=f.RESET),
    Route("POST", f"{V1}/users.enableTotp", c.EnrolFactor, plainly(lambda: c.EnrolFactor("totp")), w.seed, "users.enableTotp",
          "An authenticator that waits for its first code", answer=ua.SeedTold, step_up=STEP_UP, refusals=f.ENABLE),
    Route("POST", f"{V1}/users.validateTotp", c.ConfirmFactor, x.with_code(x.confirming), w.codes, "users.validateTotp",
          "Switch the authenticator on; other sessions end", body=b.Shown, answer=ua.CodesTold, step_up=STEP_UP, refusals=f.CONFIRM),
    Route("POST", f"{V1}/users.regenerateTotpCodes", c.EnrolFactor, x.with_code(x.fresh_codes), w.codes, "users.regenerateTotpCodes",
          "New recovery codes in place of the old ones", proving(x.shown), b.Shown, ua.CodesTold, step_up=ITSELF, order=read_first,
          refusals=f.RENEW),
    Route("POST", f"{V1}/users.disableTotp", c.RemoveFactor, x.with_code(x.off), w.disabled, "users.disableTotp",
          "Switch the authenticator off", proving(x.shown), b.Shown, ua.Disabled, step_up=ITSELF, order=read_first, refusals=f.DISABLE),
    Route("GET", f"{V1}/users.totpCodesRemaining", c.CountCodes, plainly(c.CountCodes), w.remaining, "users.totpCodesRemaining",
          "How many recovery codes are left", answer=ua.RemainingTold, refusals=f.REMAINING),
)
# fmt: on
