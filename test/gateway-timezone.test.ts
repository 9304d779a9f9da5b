import { Lazy } from 'aws-cdk-lib';
import { GatewayTimezone } from '../src';

const CONSTANTS = Object.entries(GatewayTimezone).filter((entry): entry is [string, GatewayTimezone] => entry[1] instanceof GatewayTimezone);

test('there is a constant for each of the offsets that the service knows', () => {
  expect(CONSTANTS).toHaveLength(31);
});

test.each(CONSTANTS)('%s is spelt as its name says', (name, { offset }) => {
  const spelt = name.replace('_MINUS_', '-').replace('_PLUS_', '+').replace('_', ':');
  expect(offset).toBe(spelt);
  expect(GatewayTimezone.of(offset).toString()).toBe(offset);
});

test.each(['Europe/Berlin', 'UTC', 'GMT+05:45', 'GMT+5', 'GMT 5:00', 'GMT+5:60', 'GMT+15:00', ''])('fails for %j', (offset) => {
  expect(() => GatewayTimezone.of(offset)).toThrow(
    `'timezone' must be "GMT", "GMT-h:mm" or "GMT+h:mm", hours without a leading zero, got ${JSON.stringify(offset)}`,
  );
});

test('an offset can be known to the deployment only', () => {
  expect(() => GatewayTimezone.of(Lazy.string({ produce: () => 'GMT' }))).not.toThrow();
});
