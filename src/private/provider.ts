import { join } from 'path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as customResources from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { PERMISSIONS } from './permissions';

const ID = 'StorageGatewayProvider';

/**
 * The functions that serve every resource of this library in one stack. It takes no options, since only those of the
 * first resource would count.
 */
export class Provider extends Construct {
  public static of(scope: Construct): Provider {
    const stack = Stack.of(scope);
    return (stack.node.tryFindChild(ID) as Provider | undefined) ?? new Provider(stack);
  }

  public readonly serviceToken: string;
  /** The role of the handlers. What they are allowed beyond PERMISSIONS goes through `allow`. */
  public readonly role: iam.Role;
  /** Takes the lines of all functions of the stack: one deployment is read in one place. */
  public readonly logGroup: logs.LogGroup;

  private constructor(stack: Stack) {
    super(stack, ID);

    this.logGroup = new logs.LogGroup(this, 'Log', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Calls Storage Gateway and EC2 for the storage gateway resources of this stack',
    });
    this.logGroup.grantWrite(this.role);
    for (const permission of PERMISSIONS) {
      this.role.addToPolicy(new iam.PolicyStatement({
        actions: permission.actions,
        resources: permission.resources.map((resource) => fill(resource, stack)),
        conditions: fillAll(permission.conditions, stack),
      }));
    }

    const framework = new customResources.Provider(this, 'Framework', {
      onEventHandler: this.handler('OnEvent', 'index.onEvent'),
      isCompleteHandler: this.handler('IsComplete', 'index.isComplete'),
      queryInterval: Duration.seconds(10),
      // The framework has to answer before ServiceTimeout (an hour), or CloudFormation would say nothing but that it waited in vain.
      totalTimeout: Duration.minutes(55),
      logGroup: this.logGroup,
      // The framework would log each event whole, an activation key among its properties; our own line leaves secrets out.
      frameworkLambdaLoggingLevel: lambda.ApplicationLogLevel.FATAL,
    });
    const entry = this.handler('Entry', 'index.entry', { FRAMEWORK_FUNCTION: framework.serviceToken });
    // Beside the role, whose functions the framework waits for.
    entry.node.addDependency(this.allow('EntryToFramework', () => [new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [framework.serviceToken] })]));
    this.serviceToken = entry.functionArn;
  }

  /**
   * Allows the handlers something that belongs to the user: one policy for each `id`, on which depends whatever needs it.
   * It stands beside the role, not in it, so that the functions do not wait for the user's resources.
   */
  public allow(id: string, statements: () => iam.PolicyStatement[]): iam.Policy {
    return (this.node.tryFindChild(id) as iam.Policy | undefined) ?? new iam.Policy(this, id, { roles: [this.role], statements: statements() });
  }

  private handler(id: string, handler: string, environment?: Record<string, string>): lambda.Function {
    return new lambda.Function(this, id, {
      code: lambda.Code.fromAsset(join(__dirname, '../../assets/lambda/index')),
      handler,
      runtime: lambda.Runtime.NODEJS_22_X,
      role: this.role,
      environment,
      logGroup: this.logGroup,
      memorySize: 512,
      // A minute less than the framework waits.
      timeout: Duration.minutes(14),
      description: `Storage gateway resources: ${handler}`,
    });
  }
}

function fill(text: string, stack: Stack): string {
  return text
    .replace('${Partition}', stack.partition)
    .replace('${Region}', stack.region)
    .replace('${Account}', stack.account)
    .replace('${StackName}', stack.stackName)
    .replace('${StackId}', stack.stackId);
}

function fillAll(conditions: (typeof PERMISSIONS)[number]['conditions'], stack: Stack): iam.Conditions | undefined {
  return conditions && JSON.parse(JSON.stringify(conditions), (_key, value: unknown) => (typeof value === 'string' ? fill(value, stack) : value));
}
