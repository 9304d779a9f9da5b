import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { checkEnvironment } from './environment';

const ID = 'StorageGatewayLogDelivery';

/** Lets the service write to log groups. One policy per stack, because an account has ten per Region and no more. */
export class LogDelivery extends Construct {
  public static of(scope: Construct): LogDelivery {
    const stack = Stack.of(scope);
    return (stack.node.tryFindChild(ID) as LogDelivery | undefined) ?? new LogDelivery(stack);
  }

  private readonly statement: iam.PolicyStatement;

  private constructor(stack: Stack) {
    super(stack, ID);
    this.statement = new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('delivery.logs.amazonaws.com')],
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      // Where the service says for whom it writes, it is for this account.
      conditions: { StringEqualsIfExists: { 'aws:SourceAccount': stack.account } },
    });
    new logs.ResourcePolicy(this, 'Policy', { policyStatements: [this.statement] });
  }

  /** Opens the log group, and returns its ARN as Storage Gateway wants it: without the `:*` that IAM wants. */
  public open(logGroup: logs.ILogGroupRef): string {
    checkEnvironment(this, 'logGroup', logGroup.env);
    const logGroupArn = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: logGroup.logGroupRef.logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.statement.addResources(`${logGroupArn}:*`);
    return logGroupArn;
  }
}
