import { createHash } from 'crypto';
import { join } from 'path';
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, type IDependable } from 'constructs';
import { Provider } from './provider';
import { seedDefinition } from './seed-definition';

const ID = 'SnapshotSeedMachine';

/** What a snapshot carries, so that no worker can touch a snapshot of another stack. */
const OWNER = 'cdk-storage-gateway:owner';

/** From what is gone first to what stays longest. */
const PERSISTENCE = [RemovalPolicy.DESTROY, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RemovalPolicy.RETAIN];

/** What runs the snapshot seeds of one stack: a state machine, the function that works for it, and the bucket of their journals. */
export class SeedMachine extends Construct {
  public static of(scope: Construct): SeedMachine {
    const stack = Stack.of(scope);
    return (stack.node.tryFindChild(ID) as SeedMachine | undefined) ?? new SeedMachine(stack);
  }

  public readonly stateMachineArn: string;
  public readonly journalBucketName: string;
  private readonly provider: Provider;
  private readonly role: iam.Role;
  private readonly journal: s3.Bucket;
  /** What every seed needs before it can run. */
  private readonly permissions: iam.Policy[];
  private persistence = RemovalPolicy.DESTROY;

  private constructor(stack: Stack) {
    super(stack, ID);
    this.provider = Provider.of(this);

    this.journal = new s3.Bucket(this, 'Journal', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      // A seed removes its journal itself; this takes what a worker wrote after everybody had stopped looking.
      lifecycleRules: [{ prefix: 'journal/', expiration: Duration.days(7) }],
      removalPolicy: this.persistence,
    });
    this.journalBucketName = this.journal.bucketName;

    this.role = new iam.Role(this, 'WorkerRole', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Writes the snapshots that are seeded by this stack',
    });
    this.provider.logGroup.grantWrite(this.role);
    for (const statement of [...snapshotStatements(stack), ...journalStatements(this.journal, 's3:GetObject', 's3:PutObject', 's3:DeleteObject')]) {
      this.role.addToPolicy(statement);
    }
    const worker = new lambda.Function(this, 'Worker', {
      code: lambda.Code.fromAsset(join(__dirname, '../../assets/lambda/seed/index')),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      role: this.role,
      logGroup: this.provider.logGroup,
      // The smallest with a whole core, and network comes with memory.
      memorySize: 1769,
      timeout: Duration.minutes(15),
      description: 'Writes a part of a disk image into a snapshot, or reads it back',
    });
    const machine = new stepfunctions.StateMachine(this, 'StateMachine', {
      definitionBody: stepfunctions.DefinitionBody.fromChainable(seedDefinition(this, worker)),
      comment: 'Seeds one snapshot from one disk image',
    });
    this.stateMachineArn = machine.stateMachineArn;

    const executions = stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${machine.stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.permissions = [
      this.provider.allow('SnapshotSeeds', () => [
        new iam.PolicyStatement({ actions: ['states:ListExecutions', 'states:StartExecution'], resources: [machine.stateMachineArn] }),
        new iam.PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: [executions] }),
        // Whoever deletes a seed deletes what it left in the bucket, and looks for what a parent left.
        ...journalStatements(this.journal, 's3:DeleteObject'),
      ]),
      // Beside the role, because the worker must be there before its state machine.
      new iam.Policy(this, 'WorkerExecutions', {
        roles: [this.role],
        statements: [new iam.PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] })],
      }),
    ];
  }

  /** Lets handlers and worker read a source. Answers what a seed of it has to wait for. */
  public allowSource(fingerprint: string, statements: () => iam.PolicyStatement[]): IDependable[] {
    return [...this.permissions, this.policy(`Source${fingerprint}`, [this.provider.role, this.role], statements)];
  }

  /** Lets the worker encrypt with a key. Answers what a seed with it has to wait for. */
  public allowKey(keyArn: string): IDependable {
    const fingerprint = createHash('sha256').update(JSON.stringify(Stack.of(this).resolve(keyArn))).digest('hex').slice(0, 8);
    return this.policy(`Key${fingerprint}`, [this.role], () => [new iam.PolicyStatement({
      actions: [
        'kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      resources: [keyArn],
    })]);
  }

  /**
   * A snapshot that is kept keeps its digests, and they their bucket. A seed that goes leaves nothing in it, so that it can go, too.
   *
   * @param policy of the seed
   */
  public mustOutlive(policy: RemovalPolicy): void {
    if (PERSISTENCE.indexOf(policy) > PERSISTENCE.indexOf(this.persistence)) {
      this.persistence = policy;
      this.journal.applyRemovalPolicy(policy);
    }
  }

  private policy(id: string, roles: iam.IRole[], statements: () => iam.PolicyStatement[]): iam.Policy {
    return (this.node.tryFindChild(id) as iam.Policy | undefined) ?? new iam.Policy(this, id, { roles, statements: statements() });
  }
}

function snapshotStatements(stack: Stack): iam.PolicyStatement[] {
  // Snapshot ARNs have no account: EC2's own form.
  const resources = [stack.formatArn({ service: 'ec2', account: '', resource: 'snapshot', resourceName: '*' })];
  const owned = (key: string) => ({ StringLike: { [`aws:${key}/${OWNER}`]: `${stack.stackName}/*` } });
  return [
    new iam.PolicyStatement({ actions: ['ebs:StartSnapshot', 'ec2:CreateTags'], resources, conditions: owned('RequestTag') }),
    new iam.PolicyStatement({
      actions: [
        'ebs:CompleteSnapshot', 'ebs:GetSnapshotBlock', 'ebs:ListSnapshotBlocks', 'ebs:PutSnapshotBlock', 'ec2:CreateTags', 'ec2:DeleteSnapshot',
      ],
      resources,
      conditions: owned('ResourceTag'),
    }),
    // EC2 lists take no resource.
    new iam.PolicyStatement({ actions: ['ec2:DescribeSnapshots'], resources: ['*'] }),
  ];
}

function journalStatements(bucket: s3.Bucket, ...actions: string[]): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({ actions, resources: [bucket.arnForObjects('journal/*'), bucket.arnForObjects('digests/*')] }),
    new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
  ];
}
