export {
  alertBaseSchema,
  alertSchema,
  type Alert,
  type AlertsResponse,
  type WebhookPayload,
} from './http/alerting/alerts.ts';
export {
  GROWTH_DEFAULTS,
  growthDetailsSchema,
  growthSettingsSchema,
  type GrowthSettings,
} from './http/alerting/growth.ts';
export {
  NOTIFIER_SETTINGS,
  receiverChangeSchemaOf,
  receiverInputSchemaOf,
  type NotifierSettings,
  type ReceiverInput,
} from './http/alerting/receivers.ts';
export {
  RULE_DEFAULTS,
  RULE_KINDS,
  ruleBaseSchema,
  ruleInputSchema,
  type Rule,
  type RuleInput,
  type RuleKindName,
  type RulesResponse,
} from './http/alerting/rules.ts';
export {
  deletionPreviewRequestSchema,
  deletionRequestSchema,
  type DeletionPreviewRequest,
  type DeletionPreviewResponse,
  type DeletionRequest,
  type DeletionResponse,
} from './http/deletion.ts';
export { type LostStacksResponse, type RestoreResponse } from './http/lost-stacks.ts';
/** @public Receivers of notifications check them by it. */
export { webhookPayloadSchema } from './http/alerting/alerts.ts';
/** @public Callers check refusals by it. */
export { errorBodySchema } from './http/answer-parts.ts';
export type { Coverage } from './http/answer-parts.ts';
export {
  discoveryQuerySchema,
  rangeQuerySchema,
  type DiscoveryQuery,
  type RangeQuery,
} from './http/parameters.ts';
export type {
  LabelNamesResponse,
  LabelValuesResponse,
  ProfileTypesResponse,
  SeriesResponse,
  ServicesResponse,
} from './http/discovery.ts';
export { explainQuerySchema, type ExplainQuery, type ExplainResponse } from './http/explain.ts';
export {
  diffQuerySchema,
  flamegraphQuerySchema,
  topDiffQuerySchema,
  topQuerySchema,
  type DiffQuery,
  type FlamegraphQuery,
  type FlamegraphResponse,
  type TopDiffQuery,
  type TopQuery,
  type TopResponse,
  type TreeHeader,
} from './http/flamegraph.ts';
export { heatmapQuerySchema, type HeatmapQuery, type HeatmapResponse } from './http/heatmap.ts';
export type { PushAnswer } from './http/ingest.ts';
export {
  profileQuerySchema,
  profilesQuerySchema,
  type ProfileQuery,
  type ProfilesQuery,
  type ProfilesResponse,
} from './http/profiles.ts';
export {
  sandwichDiffQuerySchema,
  sandwichQuerySchema,
  type SandwichDiffQuery,
  type SandwichQuery,
  type SandwichResponse,
} from './http/sandwich.ts';
export type { TargetProfileStatus, TargetsResponse } from './http/targets.ts';
export { timelineQuerySchema, type TimelineQuery, type TimelineResponse } from './http/timeline.ts';
export { everflameFileSchema, type EverflameFile } from './config/everflame-file.ts';
export { discoveredLabels, type ScrapeConfig } from './config/scrape.ts';
export { profilesOf, selfProfiles, type ProfileToScrape } from './config/scrape-profiles.ts';
export { openApiDocument } from './openapi/document.ts';
export type { ApiRoute } from './openapi/api-route.ts';
export { API_ROUTES, type ApiRoutes } from './openapi/routes.ts';
