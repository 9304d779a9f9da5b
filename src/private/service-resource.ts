import { CfnResource, type ITaggableV2, RemovalPolicy, type RemovalPolicyOptions, TagManager, TagType, Token, Tokenization } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Attributes, Properties, ResourceType } from './contract';
import { Provider } from './provider';

/** As long as CloudFormation can wait for a custom resource. */
const SERVICE_TIMEOUT_SECONDS = 3600;

/** A resource of Storage Gateway carries fifty tags; two of them are ours (owner and request). */
const MAX_TAGS = 48;
const OWN_TAGS = 'cdk-storage-gateway:';

type TypesWith<Name extends string> = { [T in ResourceType]: Name extends keyof Properties<T> ? T : never }[ResourceType];

const TAGGABLE: { [T in ResourceType]: T extends TypesWith<'Tags'> ? true : false } = {
  'Custom::EBSSnapshotSeed': true,
  'Custom::StorageGatewayCache': false,
  'Custom::StorageGatewayCachedVolume': true,
  'Custom::StorageGatewayGateway': true,
  'Custom::StorageGatewaySnapshotSchedule': true,
  'Custom::StorageGatewayUploadBuffer': false,
};

const WITH_FINAL_SNAPSHOT: readonly ResourceType[] = ['Custom::StorageGatewayCachedVolume'] satisfies TypesWith<'FinalSnapshot'>[];

export interface ServiceResourceProps<T extends ResourceType> {
  readonly type: T;
  /** `Tags` come from Tags.of(), `FinalSnapshot` from the removal policy. */
  readonly properties: Omit<Properties<T>, 'Tags' | 'FinalSnapshot'>;
  /** Tags besides those from Tags.of(). */
  readonly tags?: { [key: string]: string };
}

/**
 * One resource of the service, typed by the contract and served by the stack's provider.
 *
 * A CfnResource, not a CustomResource: tags, removal policies and overrides work as on a generated class.
 */
export class ServiceResource<T extends ResourceType> extends CfnResource implements ITaggableV2 {
  public readonly cdkTagManager: TagManager;
  private finalSnapshot = false;

  constructor(scope: Construct, id: string, props: ServiceResourceProps<T>) {
    super(scope, id, {
      type: props.type,
      properties: {
        ServiceToken: Provider.of(scope).serviceToken,
        ServiceTimeout: SERVICE_TIMEOUT_SECONDS.toString(),
        ...wireMembers(props.properties),
      },
    });
    this.cdkTagManager = new TagManager(TAGGABLE[props.type] ? TagType.KEY_VALUE : TagType.NOT_TAGGABLE, props.type, props.tags, { tagPropertyName: 'Tags' });
    this.node.addValidation({ validate: () => (TAGGABLE[props.type] ? tagErrors(this.cdkTagManager.tagValues()) : []) });
  }

  /** A value that the handler returns once the resource is ready. */
  public attribute(name: keyof Attributes<T> & string): string {
    return this.getAtt(name).toString();
  }

  public override applyRemovalPolicy(policy: RemovalPolicy | undefined, options: RemovalPolicyOptions = {}): void {
    const wanted = policy ?? options.default;
    const finalSnapshot = wanted === RemovalPolicy.SNAPSHOT;
    if (finalSnapshot && !WITH_FINAL_SNAPSHOT.some((type) => type === this.cfnResourceType)) {
      throw new Error(`'removalPolicy' of ${this.node.path} must be RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY, got "snapshot": only a cached volume has a final snapshot`);
    }
    // CloudFormation refuses the deletion policy Snapshot on custom resources: the handler takes the snapshot.
    super.applyRemovalPolicy(finalSnapshot ? RemovalPolicy.DESTROY : wanted, options);
    this.finalSnapshot = finalSnapshot;
  }

  protected override renderProperties(properties: { [name: string]: unknown }): { [name: string]: unknown } {
    return this.finalSnapshot ? { ...properties, FinalSnapshot: 'true' } : properties;
  }
}

/** Scalars become strings here, as they do on their way to the handler anyway: a large number is never respelled in between. */
function wire(value: unknown): unknown {
  if (typeof value === 'number') {
    return Tokenization.stringifyNumber(value);
  }
  if (typeof value === 'boolean') {
    return value.toString();
  }
  if (Token.isUnresolved(value)) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(wire);
  }
  return typeof value === 'object' && value !== null ? wireMembers(value) : value;
}

function wireMembers(members: object): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, wire(value)]));
}

function tagErrors(tags: { [key: string]: string }): string[] {
  const keys = Object.keys(tags);
  const errors = keys.flatMap((key) => {
    if (key.startsWith(OWN_TAGS) || key.toLowerCase().startsWith('aws:')) {
      return [`tag key ${JSON.stringify(key)} must not start with "${OWN_TAGS}" or "aws:"`];
    }
    if (key.length < 1 || key.length > 128) {
      return [`tag key ${JSON.stringify(key)} must have 1 to 128 characters`];
    }
    const value = tags[key];
    if (!Token.isUnresolved(value) && value.length > 256) {
      return [`tag ${JSON.stringify(key)} must have a value of at most 256 characters, got ${value.length}`];
    }
    return [];
  });
  return keys.length > MAX_TAGS ? [...errors, `at most ${MAX_TAGS} tags are allowed (two more are this library's own), got ${keys.length}`] : errors;
}
