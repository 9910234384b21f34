import random, threading, time, collections
from keyturn.core import commands as c
from keyturn.core.types import Secret, Proof
from keyturn.core.outcomes import Denied, Reason
from tests.houses import *
def test_stress(house, cluster):
    admin = house.token(house.person("", "Administrators"))
    people = [house.person(email=f"p{n}@x.test") for n in range(2)]
    sessions = {p.login:[house.token(p)] for p in people}
    personal = {p.login: house.token(p,"personal",name="pp") for p in people}
    resets=[]
    stop=time.time()+12
    seen=collections.Counter(); errs=[]
    def work(seed):
        r=random.Random(seed)
        while time.time()<stop:
            p=r.choice(people); s=r.choice(sessions[p.login]) if sessions[p.login] else None
            k=r.randrange(14)
            try:
                t0=time.time()
                if k==0: o=house.sign_in(p, r.choice([p.password,"wrong one here"]), dialect=r.choice(["native","puppet"]))
                elif k==1: o=house.sign_in(p)
                elif k==2 and s: o=house.wish(s,c.ChangePassword(Secret(p.password)),proof=current(p.password))
                elif k==3: o=house.wish(admin,c.SetPassword(p.ref,Secret(p.password)))
                elif k==4:
                    o=house.wish(admin,c.IssueReset(p.ref))
                    if not isinstance(o,Denied): resets.append(o.secret)
                elif k==5 and resets: o=house.wish(None,c.RedeemReset(r.choice(resets[-3:]),Secret(p.password),revoke_tokens=r.random()<.3))
                elif k==6: o=house.wish(admin,r.choice([c.SuspendUser,c.ReinstateUser,c.ReinstateUser,c.UnlockUser])(p.ref))
                elif k==7: o=house.wish(admin,c.SetRoles(p.ref,r.choice([("Members",),("Viewers","Help Desk")])))
                elif k==8: o=house.wish(admin,c.EditUser(p.ref,display_name=str(r.random()),email=r.choice([None,p.subject.email,""])))
                elif k==9 and s: o=house.wish(s,c.IssueToken("personal",f"n{r.randrange(5)}","native"),step_up=STEP_UP)
                elif k==10: o=house.wish(admin,c.IssueDelegation(p.ref,"why"),step_up=STEP_UP)
                elif k==11: o=house.wish(personal[p.login],c.RotateToken(personal[p.login].ref))
                elif k==12: o=house.wish(admin,c.EndSessions(p.ref))
                elif k==13 and s: o=house.wish(s,c.RevokeToken(s.ref))
                else: continue
                d=time.time()-t0
                name=["si0","si","chg","set","iss","red","sus","rol","edit","tok","del","rot","ends","rev"][k]
                seen[(name, o.reason.value if isinstance(o,Denied) else "ok", "slow" if d>.9 else "")]+=1
                if hasattr(o,"secret") and k in(0,1):
                    if o.view.token.dialect=="native": sessions[p.login]=sessions[p.login][-3:]+[Held(o.secret,o.view)]
                if k==11 and not isinstance(o,Denied): personal[p.login]=Held(o.secret,o.view)
            except Exception as e:
                errs.append(repr(e)[:200])
    ts=[threading.Thread(target=work,args=(n,)) for n in range(10)]
    [t.start() for t in ts]; [t.join() for t in ts]
    for k,v in sorted(seen.items()): print(k,v)
    print(errs[:5], len(errs))
    if house.store.name=="postgresql": open("/tmp/pg.log","w").write(cluster.log())
    assert not errs
