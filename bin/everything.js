'use strict';

// For what runs the repository's own TypeScript: builds the library and all bundles, and lets TypeScript be loaded.

const { join } = require('node:path');
const { bundle, library } = require('./build');

bundle('lambda/index', ['lambda', 'seed', 'src/private']);
bundle('lambda/activation-key/index', ['lambda/activation-key']);
bundle('lambda/seed/index', ['lambda', 'seed', 'src/private']);
bundle('cli/index', ['cli', 'seed']);
bundle('cli/local/index', ['cli', 'local/identity.ts', 'local/services']);
bundle('local/platform/index', ['local']);
library();

// The SDK announces the end of Node 20 at every start.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
process.env.TS_NODE_PROJECT = join(__dirname, '..', 'tsconfig.node.json');
require('ts-node/register/transpile-only');
