// A real OpenID provider (npm: oidc-provider) with one client. Its own pages for development let anybody in, by the name
// that they give. Told by one JSON object: port, client, secret, back, left, told (backchannel). Keys are new with each start.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const told = JSON.parse(process.argv[2]);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
const provider = new Provider(`http://127.0.0.1:${told.port}`, {
  clients: [{
    client_id: told.client,
    client_secret: told.secret,
    redirect_uris: [told.back],
    post_logout_redirect_uris: [told.left],
    backchannel_logout_uri: told.told,
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.on('server_error', (_context, error) => console.error(error));
provider.listen(told.port, '127.0.0.1', () => console.log('ready'));
