import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What statements may do. There is no right to read or write outside the data folder, to make users or functions, or to
 * stop the engine. What the engine lets everybody do all the same is refused by `call-guard.ts`.
 */
const grants = [
  'GRANT SHOW, SELECT, INSERT, ALTER, TRUNCATE, OPTIMIZE, KILL QUERY ON *.*',
  'GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW ON *.*',
  'REVOKE ALL ON system.*',
];

/**
 * Settings that name a file, an address or a language, or that turn text into code. No request can change them; the two
 * that have a value here are on by default.
 */
const fixedSettings: Readonly<Record<string, string | undefined>> = {
  additional_result_filter: undefined,
  additional_table_filters: undefined,
  allow_experimental_ai_functions: undefined,
  allow_experimental_eval_table_function: undefined,
  default_table_engine: undefined,
  default_temporary_table_engine: undefined,
  dialect: undefined,
  format_avro_schema_registry_url: undefined,
  format_schema: undefined,
  format_schema_source: undefined,
  format_template_resultset: undefined,
  format_template_row: undefined,
  input_format_values_deduce_templates_of_expressions: '0',
  input_format_values_interpret_expressions: '0',
  output_format_schema: undefined,
  parallel_replicas_custom_key: undefined,
  schema_inference_hints: undefined,
  url_base: undefined,
};

/** Writes the engine's configuration into the data folder; returns the arguments that make the engine read it. */
export function engineArguments(dataDir: string): string[] {
  const file = join(dataDir, 'engine.xml');
  writeFileSync(file, configuration(file), { mode: 0o600 });
  return [`--config-file=${file}`];
}

function configuration(file: string): string {
  const values = Object.entries(fixedSettings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${value}</${name}>`);
  const constants = Object.keys(fixedSettings).map((name) => `<${name}><const/></${name}>`);
  return `<clickhouse>
<users_config>${file.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</users_config>
<profiles><default>
${values.join('\n')}
<constraints>
${constants.join('\n')}
</constraints>
</default></profiles>
<quotas><default/></quotas>
<users><default>
<password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
<grants>
${grants.map((grant) => `<query>${grant}</query>`).join('\n')}
</grants>
</default></users>
</clickhouse>
`;
}
