import { App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { everything } from './declarations';

const NOT_THERE_YET = 'gateways, volumes and snapshots do not exist yet when the role is made; what is deleted must carry the owner tag of this stack';
const JOURNALS = 'journals and digests, in the bucket that holds nothing else';
const FRAMEWORK_FUNCTION = 'the framework of aws-cdk-lib allows the function together with its versions';
const FRAMEWORK_ROLE = 'the framework of aws-cdk-lib gives its functions this policy';
const IN_VPC = 'what a function in a VPC needs, in the words of AWS';

/**
 * Every finding, and why it stays. Kept here and not by `Validations.acknowledge`, because that takes the ids of single
 * findings only in versions of aws-cdk-lib newer than the oldest one that is supported.
 */
const REASONS: readonly (readonly [finding: RegExp, construct: RegExp, reason: string])[] = [
  [/^IAM5\[Resource::\*\]$/, /^StorageGatewayProvider\/Role\//, 'the services take no resource for these actions: the reasons stand in src/private/permissions.ts'],
  [/^IAM5\[Resource::arn:<AWS::Partition>:ec2:.*:snapshot\/\*\]$/, /^StorageGatewayProvider\/Role\//, NOT_THERE_YET],
  [/^IAM5\[Resource::arn:<AWS::Partition>:storagegateway:.*:gateway\/\*(\/volume\/\*)?\]$/, /^StorageGatewayProvider\/Role\//, NOT_THERE_YET],
  [/^IAM5\[Resource::arn:<AWS::Partition>:kms:.*:key\/\*\]$/, /^StorageGatewayProvider\/Role\//, 'the keys that volumes name, through Storage Gateway only'],
  [/^IAM5\[Resource::\*\]$/, /^SnapshotSeedMachine\/WorkerRole\//, 'EC2 lists take no resource'],
  [/^IAM5\[Resource::arn:<AWS::Partition>:ec2:.*:snapshot\/\*\]$/, /^SnapshotSeedMachine\/WorkerRole\//, NOT_THERE_YET],
  [/^IAM5\[.*:execution:.*:\*\]$/, /^(StorageGatewayProvider\/SnapshotSeeds|SnapshotSeedMachine\/WorkerExecutions)\//, 'the executions of one state machine'],
  [/^IAM5\[Resource::<SnapshotSeedMachineJournal.*\.Arn>\/(journal|digests)\/\*\]$/, /^(StorageGatewayProvider\/SnapshotSeeds|SnapshotSeedMachine\/WorkerRole)\//, JOURNALS],
  [/^S1$/, /^SnapshotSeedMachine\/Journal\//, 'it holds what can be made again, nothing of the images, and two functions are all that may reach it'],
  [/^IAM5\[Resource::<SnapshotSeedMachineWorker.*\.Arn>:\*\]$/, /^SnapshotSeedMachine\/StateMachine\//, 'aws-cdk-lib allows the function together with its versions'],
  [/^SF[12]$/, /^SnapshotSeedMachine\/StateMachine\//, 'it calls one function, and that function writes a log'],
  [/^L1$/, /^(StorageGateway|SnapshotSeedMachine)/, 'the functions are tested with the runtime that they name'],
  [/^IAM4\[.*AWSLambdaBasicExecutionRole\]$/, /^StorageGatewayProvider\/Framework\//, FRAMEWORK_ROLE],
  [/^IAM5\[Resource::<StorageGatewayProvider.*\.Arn>:\*\]$/, /^StorageGatewayProvider\/Framework\//, FRAMEWORK_FUNCTION],
  [/^SF1$/, /^StorageGatewayProvider\/Framework\//, 'what the waiter is given holds the ResponseURL, which belongs in no log'],
  [/^SF2$/, /^StorageGatewayProvider\/Framework\//, 'the waiter calls one function until it says that it is done, and that function writes a log'],
  [/^IAM4\[.*AWSLambda(Basic|VPCAccess)ExecutionRole\]$/, /^StorageGatewayActivationKey/, IN_VPC],
];

describe('cdk-nag, in a stack with everything,', () => {
  const app = new App();
  const stack = everything(app);
  app.synth();
  const findings = new AwsSolutionsChecks(app).validateScope(stack).violations.flatMap(({ ruleName, violatingResources }) => violatingResources
    .map(({ constructPath = '' }) => ({ finding: ruleName.replace('AwsSolutions-', ''), construct: constructPath.replace(`${stack.node.path}/`, '') })));
  const isOf = ([ids, constructs]: (typeof REASONS)[number]) => ({ finding, construct }: (typeof findings)[number]) => (
    ids.test(finding) && constructs.test(construct)
  );

  test('finds nothing without a reason', () => {
    expect(findings.filter((found) => !REASONS.some((row) => isOf(row)(found)))).toEqual([]);
  });

  test.each(REASONS)('still finds %s in %s: %s', (...row) => {
    expect(findings.some(isOf(row))).toBe(true);
  });
});
