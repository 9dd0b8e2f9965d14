export {
  alertSchema,
  alertsResponseSchema,
  grownFunctionSchema,
  ruleInputSchema,
  ruleSchema,
  rulesResponseSchema,
  webhookPayloadSchema,
  type Alert,
  type AlertsResponse,
  type Rule,
  type RuleInput,
  type RulesResponse,
  type WebhookPayload,
} from './http/alerts.ts';
export {
  errorBodySchema,
  labelsSchema,
  profileKindSchema,
  queryParamSchema,
  rangeQuerySchema,
  timeParamSchema,
  type ErrorBody,
  type RangeQuery,
} from './http/common.ts';
export {
  labelNamesResponseSchema,
  labelValuesResponseSchema,
  profileTypesResponseSchema,
  seriesResponseSchema,
  servicesResponseSchema,
  type LabelNamesResponse,
  type LabelValuesResponse,
  type ProfileTypesResponse,
  type SeriesResponse,
  type ServicesResponse,
} from './http/discovery.ts';
export {
  diffQuerySchema,
  flamegraphQuerySchema,
  flamegraphResponseSchema,
  MAX_NODES_DEFAULT,
  MAX_NODES_LIMIT,
  scopeSchema,
  topDiffQuerySchema,
  topQuerySchema,
  topResponseSchema,
  treeColumnsSchema,
  treeHeaderSchema,
  type DiffQuery,
  type FlamegraphQuery,
  type FlamegraphResponse,
  type Scope,
  type TopDiffQuery,
  type TopQuery,
  type TopResponse,
  type TreeColumnsJson,
  type TreeHeader,
} from './http/flamegraph.ts';
export { pushAnswerSchema, type PushAnswer } from './http/ingest.ts';
export {
  targetProfileSchema,
  targetsResponseSchema,
  type TargetProfileStatus,
  type TargetsResponse,
} from './http/targets.ts';
export {
  timelineQuerySchema,
  timelineResponseSchema,
  type TimelineQuery,
  type TimelineResponse,
} from './http/timeline.ts';
export {
  everflameFileSchema,
  type EverflameFile,
  type FileRule,
  type ScrapeConfig,
  type ScrapeProfile,
} from './config/everflame-file.ts';
