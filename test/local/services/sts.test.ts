import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startLocalServices, type LocalServices } from '../../../local/services';

let services: LocalServices;

beforeAll(async () => {
  services = await startLocalServices({ clock: 'frozen' });
});
afterAll(() => services.close());

test('everyone is the one local account', async () => {
  const client = new STSClient({ endpoint: services.endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });

  const { Account, Arn, UserId } = await client.send(new GetCallerIdentityCommand({}));

  expect({ Account, Arn, UserId }).toEqual({ Account: '000000000000', Arn: 'arn:aws:iam::000000000000:root', UserId: '000000000000' });
});

test('an unsigned request is refused', async () => {
  const response = await fetch(services.endpoint, { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15' });

  expect(response.status).toBe(403);
  expect(await response.text()).toContain('<Code>MissingAuthenticationToken</Code>');
});
