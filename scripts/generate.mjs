// Generates the TypeScript types of the protobuf definitions in proto/ into packages/contract/src/generated.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = 'packages/contract/src/generated';
rmSync(`${root}${out}`, { recursive: true, force: true });
const options = [
  '--longs=String',
  '--enums=String',
  '--defaults',
  '--oneofs',
  '--grpcLib=@grpc/grpc-js',
  '--importFileExtension=.ts',
  `--outDir=${out}`,
  '--includeDirs=proto',
];
execFileSync('npx', ['proto-loader-gen-types', 'everflame/ingest/v1/ingest.proto', ...options], {
  cwd: root,
  stdio: 'inherit',
});
