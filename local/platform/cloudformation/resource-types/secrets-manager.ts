import { randomInt } from 'node:crypto';
import type { ResourceType } from '.';
import { randomName } from '../stack';
import type { Properties } from '../template';

export const secret: ResourceType = {
  properties: ['Description', 'GenerateSecretString', 'KmsKeyId', 'Name', 'SecretString', 'Tags'],
  replacedBy: ['Name'],
  async create({ stack, logicalId, properties, platform }) {
    const name = String(properties.Name ?? stack.inventName(logicalId));
    const arn = `arn:aws:secretsmanager:${stack.region}:${stack.account}:secret:${name}-${randomName(6).toLowerCase()}`;
    platform.secrets.create({ arn, name, region: stack.region, value: valueOf(properties) });
    return { physicalId: arn, attributes: { Id: arn } };
  },
  async update({ properties, physicalId, platform }) {
    // A generated value is made once; CloudFormation makes another only when the rules for it change.
    if (properties.SecretString !== undefined) platform.secrets.put(physicalId, String(properties.SecretString));
    return {};
  },
  async delete({ physicalId, platform }) {
    platform.secrets.delete(physicalId);
  },
};

interface Rules {
  readonly PasswordLength?: number;
  readonly ExcludeCharacters?: string;
  readonly ExcludeLowercase?: boolean;
  readonly ExcludeUppercase?: boolean;
  readonly ExcludeNumbers?: boolean;
  readonly ExcludePunctuation?: boolean;
  readonly IncludeSpace?: boolean;
  readonly SecretStringTemplate?: string;
  readonly GenerateStringKey?: string;
}

function valueOf({ SecretString: given, GenerateSecretString: rules }: Properties): string | undefined {
  if (given !== undefined) return String(given);
  if (rules === undefined) return undefined;
  const { SecretStringTemplate: template, GenerateStringKey: key } = rules as Rules;
  const password = generate(rules as Rules);
  return template === undefined || key === undefined ? password : JSON.stringify({ ...JSON.parse(template), [key]: password });
}

function generate(rules: Rules): string {
  const characters = [
    rules.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    rules.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    rules.ExcludeNumbers ? '' : '0123456789',
    rules.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    rules.IncludeSpace ? ' ' : '',
  ].map((kind) => [...kind].filter((character) => !rules.ExcludeCharacters?.includes(character))).filter((kind) => kind.length > 0);
  const all = characters.flat();
  // One of each kind first, as the service does unless told otherwise.
  const length = Number(rules.PasswordLength ?? 32);
  const chosen = Array.from({ length }, (_, index) => pick(characters[index] ?? all));
  return chosen.map((character) => ({ character, order: randomInt(2 ** 32) })).sort((one, other) => one.order - other.order).map(({ character }) => character).join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)];
}
