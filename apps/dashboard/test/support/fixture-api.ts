import {
  errorBodySchema,
  ruleInputSchema,
  type Alert,
  type Rule,
  type TargetsResponse,
} from '@everflame/contract';
import {
  buildCutTree,
  encodeTree,
  scaleStacks,
  toColumns,
  topFunctions,
  TREE_MEDIA_TYPE,
  type StackSet,
  type Stacks,
  type SymbolTable,
  EXPORTS,
} from '@everflame/flamegraph';
import { answerSchema } from '@everflame/testkit';
import { ALERTS, PROFILE_TYPES, RULES, servicesAnswer, TARGETS, timelineAnswer } from './fixture-bodies.ts';
import { SHOP_DIFF, stacksOf, type FoldedLine } from './stacks.ts';

const alertsResponseSchema = answerSchema('get', 'alerts');
const flamegraphResponseSchema = answerSchema('get', 'flamegraph');
const labelNamesResponseSchema = answerSchema('get', 'labels');
const labelValuesResponseSchema = answerSchema('get', 'labels/{name}/values');
const profileTypesResponseSchema = answerSchema('get', 'profile-types');
const ruleSchema = answerSchema('post', 'rules');
const rulesResponseSchema = answerSchema('get', 'rules');
const servicesResponseSchema = answerSchema('get', 'services');
const targetsResponseSchema = answerSchema('get', 'targets');
const timelineResponseSchema = answerSchema('get', 'timeline');

/** Stacks in seconds of CPU, so that totals look like a busy service. */
const NANOS = 1e9;
/** Collapsed stacks do not say what they are of. */
const NO_SUBJECT = { profileTypeId: '', unit: '', query: '', fromMs: 0, instanceSeconds: 0 };

export interface FixtureOptions {
  /** Stacks of the single flame graph; the right side of the shop by default. */
  readonly lines?: readonly FoldedLine[];
  readonly diffLines?: readonly FoldedLine[];
  readonly maxNodes?: number;
  /** Services exist; false is a fresh installation. */
  readonly hasServices?: boolean;
  readonly format?: 'binary' | 'json';
  readonly targets?: TargetsResponse['targets'];
  readonly alerts?: readonly Alert[];
}

/** An API in memory: every body passes the contract's schema before it leaves. */
export class FixtureApi {
  readonly requests: URL[] = [];
  readonly sent: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  rules: Rule[] = structuredClone(RULES);
  options: FixtureOptions;
  readonly #failures = new Map<string, { status: number; code: string; hint?: string }>();

  constructor(options: FixtureOptions = {}) {
    this.options = options;
  }

  /** Makes a path answer an error until it is cleared with null. */
  fail(path: string, failure: { status: number; code: string; hint?: string } | null): void {
    if (failure === null) this.#failures.delete(path);
    else this.#failures.set(path, failure);
  }

  /** Stands in for `fetch` on this API. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    await Promise.resolve();
    const url = new URL(input instanceof Request ? input.url : input, 'http://localhost');
    this.requests.push(url);
    if (init.body === undefined && new Headers(init.headers).has('content-type')) {
      return errorAnswer(400, 'malformed_body');
    }
    return this.#answer(
      init.method ?? 'GET',
      url,
      typeof init.body === 'string' ? JSON.parse(init.body) : undefined,
    );
  };

  /** Requests to a path, newest last. */
  asked(path: string): URL[] {
    return this.requests.filter((url) => url.pathname === `/api/v1${path}`);
  }

  #answer(method: string, url: URL, body: unknown): Response {
    const path = url.pathname.replace('/api/v1', '');
    const failure = this.#failures.get(path);
    if (failure) return errorAnswer(failure.status, failure.code, failure.hint);
    if (method !== 'GET') return this.#change(method, path, body);
    const get = (name: string): string => url.searchParams.get(name) ?? '';
    if (/^\/labels\/[^/]+\/values$/.test(path)) {
      return json(labelValuesResponseSchema.parse({ values: ['2.40.0', '2.41.0'], truncated: false }));
    }
    switch (path) {
      case '/services':
        return json(servicesResponseSchema.parse(servicesAnswer(this.options.hasServices ?? true)));
      case '/profile-types':
        return json(profileTypesResponseSchema.parse({ profileTypes: PROFILE_TYPES }));
      case '/labels':
        return json(
          labelNamesResponseSchema.parse({
            names: ['env', 'instance', 'service_name', 'version'],
            truncated: false,
          }),
        );
      case '/timeline':
        return json(timelineResponseSchema.parse(timelineAnswer(get('query'), get('group_by'))));
      case '/flamegraph':
        return this.#tree(get, this.#single());
      case '/flamegraph/diff':
        return this.#tree(get, this.#diff(get('normalize')));
      case '/top':
        return json(answerSchema('get', 'top').parse(this.#top(get)));
      case '/alerts':
        return json(alertsResponseSchema.parse({ alerts: this.options.alerts ?? ALERTS }));
      case '/rules':
        return json(rulesResponseSchema.parse({ rules: this.rules }));
      case '/targets':
        return json(targetsResponseSchema.parse({ targets: this.options.targets ?? TARGETS }));
      default:
        return errorAnswer(404, 'not_found');
    }
  }

  #change(method: string, path: string, body: unknown): Response {
    this.sent.push({ method, path, body });
    const id = decodeURIComponent(path.replace(/^\/rules\/?/, ''));
    if (method === 'DELETE') {
      this.rules = this.rules.filter((rule) => rule.id !== id);
      return new Response(null, { status: 204 });
    }
    const input = ruleInputSchema.parse(body);
    const rule = ruleSchema.parse({
      ...input,
      labels: input.labels ?? {},
      webhookUrl: input.webhookUrl ?? undefined,
      id: method === 'POST' ? `rule-${this.rules.length + 1}` : id,
      source: 'api',
      updatedAt: Date.now(),
      lastEvaluatedAt: null,
      lastError: null,
    });
    this.rules = [...this.rules.filter((other) => other.id !== rule.id), rule];
    return json(rule, method === 'POST' ? 201 : 200);
  }

  #single(): StackSet {
    const lines = this.options.lines ?? SHOP_DIFF.map((line) => line.replace(/ \d+ (\d+)$/, ' $1'));
    return scaleStacks(stacksOf(lines), NANOS);
  }

  #diff(normalize: string): StackSet {
    const stacks = stacksOf(this.options.diffLines ?? SHOP_DIFF, true);
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
    if (normalize !== 'share') return scaleStacks(stacks, NANOS, NANOS);
    return scaleStacks(stacks, 1 / sum(stacks.left), 1 / sum(stacks.right ?? stacks.left));
  }

  #tree(get: (name: string) => string, stacks: StackSet): Response {
    if (get('format') === 'collapsed')
      return new Response([...EXPORTS.collapsed.chunks(stacks, NO_SUBJECT)].join(''));
    const root = get('root');
    const path = root === '' ? [] : (JSON.parse(root) as string[]);
    const asked = Number(get('max_nodes'));
    const limit = asked > 0 ? asked : root === '' ? (this.options.maxNodes ?? 16_384) : 16_384;
    const cut = buildCutTree(stacks, { maxNodes: limit, path });
    if (!cut) return errorAnswer(404, 'unknown_root');
    const { tree, nodes } = cut;
    const cutNodes = tree.cut.reduce((sum, count) => sum + count, 0);
    const header = { ...headerOf(get, stacks), nodes, cutNodes, truncated: cutNodes > 0 };
    const columns = flamegraphResponseSchema.parse({ ...header, tree: toColumns(tree) });
    if (this.options.format === 'json') return json(columns);
    return new Response(encodeTree(tree, header), { headers: { 'content-type': TREE_MEDIA_TYPE } });
  }

  #top(get: (name: string) => string): unknown {
    const stacks = get('left_query') === '' ? this.#single() : this.#diff(get('normalize'));
    const top = topFunctions(stacks);
    const functions = Array.from(top.symbol, (symbol, index) => ({
      name: stacks.symbols.name(symbol),
      file: stacks.symbols.file(symbol),
      self: top.self[index],
      total: top.total[index],
      ...(top.selfRight ? { selfRight: top.selfRight[index], totalRight: top.totalRight?.[index] } : {}),
    })).toSorted((a, b) => (b.self ?? 0) - (a.self ?? 0));
    return { ...headerOf(get, stacks), functions, functionCount: functions.length };
  }
}

function headerOf(get: (name: string) => string, stacks: StackSet) {
  const isDiff = stacks.right !== undefined;
  const query = get(isDiff ? 'right_query' : 'query');
  const type = query.split('{')[0] ?? '';
  const isShare = get('normalize') === 'share';
  const scope = (side: Float64Array) => ({
    query,
    from: Date.now() - 3_600_000,
    to: Date.now(),
    profiles: 238,
    series: 3,
    instanceSeconds: 10_800,
    total: side.reduce((sum, value) => sum + value, 0),
    exact: true,
    otherKindProfiles: 0,
    ...unresolvedIn(stacks, side),
  });
  return {
    type,
    kind: type.includes('inuse') ? 'gauge' : 'interval',
    unit: isShare ? 'share' : (type.split(':')[2] ?? 'count'),
    normalize: isDiff ? get('normalize') || 'none' : 'none',
    left: scope(stacks.left),
    ...(stacks.right ? { right: scope(stacks.right) } : {}),
  };
}

/** Fixtures lie on no trie. */
function unresolvedIn(stacks: StackSet, values: Float64Array) {
  const { symbols, offsets, frames } = stacks as Stacks<SymbolTable>;
  const lost = [...values.keys()].filter((stack) =>
    frames
      .subarray(offsets[stack], offsets[stack + 1])
      .some((frame) => symbols.name(frame) === '(unresolved)'),
  );
  const value = lost.reduce((sum, stack) => sum + (values[stack] ?? 0), 0);
  return value === 0 ? {} : { unresolved: { stacks: lost.length, value } };
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

function errorAnswer(status: number, code: string, hint?: string): Response {
  const error = {
    code,
    message: `It failed with ${code}.`,
    requestId: 'req-7f3a',
    ...(hint ? { hint } : {}),
  };
  return json(errorBodySchema.parse({ error }), status);
}
