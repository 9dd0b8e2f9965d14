export {
  alertSchema,
  alertsResponseSchema,
  webhookPayloadSchema,
  type Alert,
  type AlertsResponse,
  type WebhookPayload,
} from './http/alerting/alerts.ts';
export {
  GROWTH_DEFAULTS,
  growthDetailsSchema,
  growthSettingsSchema,
  grownFunctionSchema,
  type GrowthSettings,
} from './http/alerting/growth.ts';
export {
  NOTIFIER_SETTINGS,
  receiverChangeSchemaOf,
  receiverInputSchemaOf,
  receiverSchema,
  receiversResponseSchema,
  type NotifierSettings,
  type Receiver,
  type ReceiverInput,
  type ReceiversResponse,
} from './http/alerting/receivers.ts';
export {
  RULE_DEFAULTS,
  RULE_KINDS,
  ruleBaseSchema,
  ruleInputSchema,
  ruleSchema,
  rulesResponseSchema,
  type Rule,
  type RuleInput,
  type RuleKindName,
  type RulesResponse,
} from './http/alerting/rules.ts';
export {
  deletionPreviewRequestSchema,
  deletionPreviewSchema,
  deletionRequestSchema,
  deletionResponseSchema,
  type DeletionPreviewRequest,
  type DeletionPreviewResponse,
  type DeletionRequest,
  type DeletionResponse,
} from './http/deletion.ts';
export {
  lostStacksResponseSchema,
  restoreRequestSchema,
  restoreResponseSchema,
  type LostStacksResponse,
  type RestoreRequest,
  type RestoreResponse,
} from './http/lost-stacks.ts';
export {
  coverageSchema,
  errorBodySchema,
  labelsSchema,
  profileKindSchema,
  type Coverage,
  type ErrorBody,
} from './http/answer-parts.ts';
export {
  discoveryQuerySchema,
  queryParamSchema,
  rangeQuerySchema,
  timeParamSchema,
  type DiscoveryQuery,
  type RangeQuery,
} from './http/parameters.ts';
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
  explainQuerySchema,
  explainResponseSchema,
  type ExplainQuery,
  type ExplainResponse,
} from './http/explain.ts';
export {
  diffQuerySchema,
  flamegraphQuerySchema,
  flamegraphResponseSchema,
  MAX_NODES_DEFAULT,
  MAX_NODES_LIMIT,
  topDiffQuerySchema,
  topQuerySchema,
  topResponseSchema,
  treeColumnsSchema,
  treeHeaderSchema,
  type DiffQuery,
  type FlamegraphQuery,
  type FlamegraphResponse,
  type TopDiffQuery,
  type TopQuery,
  type TopResponse,
  type TreeColumnsJson,
  type TreeHeader,
} from './http/flamegraph.ts';
export {
  heatmapQuerySchema,
  heatmapResponseSchema,
  type HeatmapQuery,
  type HeatmapResponse,
} from './http/heatmap.ts';
export { pushAnswerSchema, type PushAnswer } from './http/ingest.ts';
export {
  profileQuerySchema,
  profilesQuerySchema,
  profilesResponseSchema,
  type ProfileQuery,
  type ProfilesQuery,
  type ProfilesResponse,
} from './http/profiles.ts';
export {
  sandwichDiffQuerySchema,
  sandwichQuerySchema,
  sandwichResponseSchema,
  type SandwichDiffQuery,
  type SandwichQuery,
  type SandwichResponse,
} from './http/sandwich.ts';
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
export { everflameFileSchema, type EverflameFile } from './config/everflame-file.ts';
export type { RetentionRule } from './config/retention.ts';
export { discoveredLabels, type ScrapeConfig } from './config/scrape.ts';
export { profilesOf, selfProfiles, type ProfileToScrape } from './config/scrape-profiles.ts';
export { exampleOf, openApiDocument } from './openapi/document.ts';
export type { ApiRoute } from './openapi/api-route.ts';
export { API_ROUTES, type ApiRoutes } from './openapi/routes.ts';
