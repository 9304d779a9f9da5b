import { createHash } from 'crypto';
import { join } from 'path';
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct, type IDependable } from 'constructs';
import { Provider } from './provider';

const ID = 'SnapshotSeedMachine';

/** What a snapshot carries, so that no worker can touch a snapshot of another stack. */
const OWNER = 'cdk-storage-gateway:owner';

/** The state machine that runs the snapshot seeds of one stack, and its worker. */
export class SeedMachine extends Construct {
  public static of(scope: Construct): SeedMachine {
    const stack = Stack.of(scope);
    return (stack.node.tryFindChild(ID) as SeedMachine | undefined) ?? new SeedMachine(stack);
  }

  public readonly stateMachineArn: string;
  private readonly provider: Provider;
  private readonly role: iam.Role;
  /** What every seed needs before it can run. */
  private readonly permissions: iam.Policy[];

  private constructor(stack: Stack) {
    super(stack, ID);
    this.provider = Provider.of(this);

    this.role = new iam.Role(this, 'WorkerRole', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Writes the snapshots that are seeded by this stack',
    });
    this.provider.logGroup.grantWrite(this.role);
    for (const statement of workerStatements(stack)) {
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
      description: 'Writes a disk image into a snapshot and reads it back',
    });

    const seed = new tasks.LambdaInvoke(this, 'Seed', {
      lambdaFunction: worker,
      payload: stepfunctions.TaskInput.fromObject({
        'execution': stepfunctions.JsonPath.stringAt('$$.Execution.Id'),
        'input.$': '$',
      }),
      outputPath: '$.Payload',
      retryOnServiceExceptions: false,
    });
    // A worker that failed has said why and has cleaned up. One that was lost has not: its successor takes over its snapshot.
    seed.addRetry({
      errors: [
        'Lambda.ClientExecutionTimeoutException', 'Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException',
        'Lambda.TooManyRequestsException', 'Lambda.Unknown', 'Runtime.ExitError',
      ],
      interval: Duration.seconds(5),
      maxAttempts: 2,
      backoffRate: 2,
    });
    const machine = new stepfunctions.StateMachine(this, 'StateMachine', {
      definitionBody: stepfunctions.DefinitionBody.fromChainable(seed),
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

  private policy(id: string, roles: iam.IRole[], statements: () => iam.PolicyStatement[]): iam.Policy {
    return (this.node.tryFindChild(id) as iam.Policy | undefined) ?? new iam.Policy(this, id, { roles, statements: statements() });
  }
}

function workerStatements(stack: Stack): iam.PolicyStatement[] {
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
