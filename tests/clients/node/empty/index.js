// Stands where a client names a package that it does not need to speak HTTP: types alone, or a websocket driver.
module.exports = {};
