import { awscdk, javascript } from 'projen';
import { Bundles } from './projenrc/bundles';
import { Checks } from './projenrc/checks';

/**
 * The library is built against the oldest aws-cdk-lib that it supports, so that the peer range in package.json is one that was tried.
 */
const CDK_FLOOR = '2.257.0';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-storage-gateway',
  description: 'AWS CDK constructs for AWS Storage Gateway, and for EBS snapshots seeded from disk images',
  author: 'The cdk-storage-gateway developers',
  authorAddress: 'cdk-storage-gateway@users.noreply.github.com',
  repositoryUrl: 'https://github.com/cdk-storage-gateway/cdk-storage-gateway.git',
  keywords: ['aws', 'aws-cdk', 'cdk', 'storage-gateway', 'iscsi', 'ebs', 'snapshot'],
  license: 'Apache-2.0',
  stability: 'experimental',
  // bin/ also holds what is for the repository alone.
  autoDetectBin: false,
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,
  sampleCode: false,

  cdkVersion: CDK_FLOOR,
  constructsVersion: '10.5.1',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.3',
  minNodeVersion: '20.0.0',

  devDeps: [
    '@aws-sdk/client-cloudformation@^3',
    '@aws-sdk/client-ebs@^3',
    '@aws-sdk/client-ec2@^3',
    '@aws-sdk/client-lambda@^3',
    '@aws-sdk/client-s3@^3',
    '@aws-sdk/client-secrets-manager@^3',
    '@aws-sdk/client-sfn@^3',
    '@aws-sdk/client-ssm@^3',
    '@aws-sdk/client-storage-gateway@^3',
    '@aws-sdk/client-sts@^3',
    '@aws-sdk/core@^3',
    '@smithy/core',
    '@smithy/node-http-handler',
    '@types/adm-zip',
    '@types/aws-lambda',
    '@types/node@^20',
    'adm-zip',
    'asl-validator@^4',
    // An exact 2.x: the registry's `latest` is an accidental 3.0.0, which cannot read today's cloud assemblies.
    'aws-cdk@2.1148.1',
    'aws-local-stepfunctions@^3',
    'awslint@^2.72.1',
    'cdk-nag@^3',
    'esbuild',
    'fast-check@^4',
    'fast-xml-parser@^5',
    'fzstd@^0.1',
    'vega@^6',
    'vega-lite@^6',
  ],

  lambdaAutoDiscover: false,
  singletonLambdaAutoDiscover: false,
  edgeLambdaAutoDiscover: false,
  lambdaExtensionAutoDiscover: false,
  integrationTestAutoDiscover: false,

  // Nothing is published from here yet; what only serves publishing would cost the newcomer's install.
  github: false,
  release: false,
  buildWorkflow: false,
  depsUpgrade: false,

  jestOptions: {
    jestVersion: '^30',
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    junitReporting: false,
    jestConfig: {
      collectCoverage: false,
      restoreMocks: true,
      testTimeout: 60_000,
    },
  },
  eslintOptions: {
    dirs: ['src', 'lambda', 'seed', 'cli', 'local', 'demo', 'examples'],
    devdirs: ['test', 'projenrc', 'benchmark'],
  },
});

project.jest!.addReporter(new javascript.JestReporter('<rootDir>/test/summary-reporter.js'));

// unrs-resolver's newer bindings cannot be installed everywhere.
project.package.addPackageResolutions('unrs-resolver@1.12.2');
// A lock file that names no registry installs from whichever one the newcomer has.
project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
// npm leaves traces in the home folder at every run; a newcomer who only tries the demo should find nothing there afterwards.
project.npmrc.addConfig('cache', '.cache/npm');
project.npmrc.addConfig('update-notifier', 'false');
// The examples import the library by its name, as its users do.
project.addFields({
  exports: {
    '.': { types: './lib/index.d.ts', default: './lib/index.js' },
    './package.json': './package.json',
    './.jsii': './.jsii',
  },
});

new Bundles(project);
new Checks(project);

project.synth();
