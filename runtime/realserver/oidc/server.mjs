// An OpenID provider for tests: every grant that oidc-provider has, short-lived tokens, rotating refresh
// tokens. Anybody can log in. Arguments: the port, and a public key as a JWK.
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const grants = ['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'];
const client = (id, more) => ({
  client_id: id,
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: grants,
  response_types: ['code'],
  ...more,
});

const provider = new Provider(issuer, {
  clients: [
    client('basic', { client_secret: 'a secret: + / % &', token_endpoint_auth_method: 'client_secret_basic' }),
    client('body', { client_secret: 'another secret', token_endpoint_auth_method: 'client_secret_post' }),
    client('public', { token_endpoint_auth_method: 'none', grant_types: grants.filter((g) => g !== 'client_credentials') }),
    client('key', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [JSON.parse(process.argv[3])] } }),
  ],
  scopes: ['openid', 'offline_access', 'read', 'write'],
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: true },
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  ttl: { AccessToken: 2, ClientCredentials: 2, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, DeviceCode: 600, IdToken: 600 },
  cookies: { keys: ['test'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.on('server_error', (ctx, err) => console.error('server_error', err));
provider.listen(port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
