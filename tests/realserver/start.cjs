// A real Bluesky on the loopback interface: directory (PLC), account server (PDS) and AppView, of the published
// packages. Prints one line of JSON with the PDS's address once it answers; ends when its standard input does.
//
//   DB_POSTGRES_URL   an empty PostgreSQL database of the AppView's own
//   PDS_NAME          the host name that the PDS has in DID documents
'use strict'

// The packages listen on every interface, and take no address.
const net = require('node:net')
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object' && 'port' in first) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest)
  }
  if (typeof first === 'number' || first === undefined) {
    return listen.call(this, { port: first ?? 0, host: '127.0.0.1' }, ...rest.filter((one) => typeof one === 'function'))
  }
  throw new Error(`no way to listen that this file knows: ${first}`)
}

// The AppView indexes names for its search with an extension that the PostgreSQL of a wheel lacks. Nothing here
// searches for names, so the extension and its three indexes are left out, and nothing else is.
const pg = require(require.resolve('pg', { paths: [require.resolve('@atproto/bsky')] }))
const query = pg.Client.prototype.query
pg.Client.prototype.query = function (first, ...rest) {
  const ofSearch = typeof first === 'string' && /^create (extension|index)\b.*(pg_trgm|gist_trgm_ops)/is.test(first)
  return query.call(this, ofSearch ? 'select 1' : first, ...rest)
}

const { TestBsky, TestPds, TestPlc, mockResolvers } = require('@atproto/dev-env')

async function main() {
  const plc = await TestPlc.create({})
  const pdsPort = await freePort()
  const bskyPort = await freePort()
  // AppView first, for its DID; it asks the PDS again until that is there.
  const bsky = await TestBsky.create({
    port: bskyPort,
    plcUrl: plc.url,
    pdsPort,
    repoProvider: `ws://localhost:${pdsPort}`,
    dbPostgresUrl: process.env.DB_POSTGRES_URL,
    dbPostgresSchema: 'appview',
  })
  const pds = await TestPds.create({
    port: pdsPort,
    hostname: process.env.PDS_NAME,
    enableDidDocWithSession: true, // as Bluesky's own servers do
    didPlcUrl: plc.url,
    bskyAppViewUrl: bsky.url,
    bskyAppViewDid: bsky.serverDid,
    rateLimitsEnabled: true,
  })
  // The AppView has to find a PDS whose name no DNS knows; the PDS itself tells the name.
  mockResolvers(bsky.ctx.idResolver, pds)
  mockResolvers(bsky.dataplane.idResolver, pds)
  console.log(JSON.stringify({ pds: `http://127.0.0.1:${pdsPort}` }))
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

process.stdin.on('end', () => process.exit(0)).resume()
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
