import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { everything } from './declarations';

/** A changed logical id is another resource to CloudFormation: the user's gateway or volume would be made anew. */
test('the logical ids of a stack with everything stay as they are', () => {
  const resources: { [id: string]: { Type: string } } = Template.fromStack(everything(new App())).toJSON().Resources;
  expect(Object.entries(resources).map(([id, { Type }]) => `${id}: ${Type}`).sort().join('\n')).toMatchSnapshot();
});
