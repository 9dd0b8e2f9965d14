import {
  DIFF_EXPORT_FORMATS,
  EXPORT_FORMATS,
  EXPORTS,
  TREE_MEDIA_TYPE,
  type ExportFormat,
} from '@everflame/flamegraph';
import { discoveryQuerySchema, rangeQuerySchema } from '../http/parameters.ts';
import {
  labelNamesResponseSchema,
  labelValuesResponseSchema,
  profileTypesResponseSchema,
  seriesResponseSchema,
  servicesResponseSchema,
} from '../http/discovery.ts';
import { explainQuerySchema, explainResponseSchema } from '../http/explain.ts';
import {
  diffQuerySchema,
  flamegraphQuerySchema,
  flamegraphResponseSchema,
  topDiffQuerySchema,
  topQuerySchema,
  topResponseSchema,
} from '../http/flamegraph.ts';
import { heatmapQuerySchema, heatmapResponseSchema } from '../http/heatmap.ts';
import { profileQuerySchema, profilesQuerySchema, profilesResponseSchema } from '../http/profiles.ts';
import { sandwichDiffQuerySchema, sandwichQuerySchema, sandwichResponseSchema } from '../http/sandwich.ts';
import { timelineQuerySchema, timelineResponseSchema } from '../http/timeline.ts';
import { type ApiRoute, json } from './api-route.ts';
import { ALERTING_ROUTES } from './alerting-routes.ts';
import { CHANGE_ROUTES } from './change-routes.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const CHECKOUT = `${CPU}{service_name="checkout"}`;
const VERSIONS = { left_query: `${CPU}{version="1"}`, right_query: `${CPU}{version="2"}` };

/** What a call answers as a tree or as an export of one of these formats. */
function treeOr(formats: readonly ExportFormat[]) {
  const tree = json(flamegraphResponseSchema);
  const mediaTypes = [TREE_MEDIA_TYPE, ...formats.map((format) => EXPORTS[format].mediaType)];
  const others = Object.fromEntries(mediaTypes.map((type) => [type.replace(/;.*/, ''), undefined]));
  // Last again, because an export is JSON too, of another shape.
  return { ...tree, ...others, ...tree };
}

const ID_EXAMPLE = 'WyJwcm9jZXNzX2NwdTpjcHU6bmFub3NlY29uZHM6Y3B1Om5hbm9zZWNvbmRzIiwxLCIxIiwiMSJd';

const DISCOVERY = [
  {
    method: 'get',
    path: 'profile-types',
    summary: 'Profile types with their kind.',
    query: [rangeQuerySchema],
    answers: json(profileTypesResponseSchema),
    example: { from: 'now-1d' },
  },
  {
    method: 'get',
    path: 'labels',
    summary: 'Names of labels.',
    query: [discoveryQuerySchema],
    answers: json(labelNamesResponseSchema),
    example: { query: '{service_name="checkout"}' },
  },
  {
    method: 'get',
    path: 'labels/{name}/values',
    summary: 'Values of one label; a matcher on the label searches among them.',
    query: [discoveryQuerySchema],
    answers: json(labelValuesResponseSchema),
    example: { name: 'version', query: '{service_name=~"check.*",version=~"2.*"}' },
  },
  {
    method: 'get',
    path: 'series',
    summary: 'Label sets per profile type.',
    query: [discoveryQuerySchema],
    answers: json(seriesResponseSchema),
    example: { query: CHECKOUT, limit: '100' },
  },
  {
    method: 'get',
    path: 'services',
    summary: 'Services with totals, rates, the previous range, versions and instances.',
    query: [rangeQuerySchema],
    answers: json(servicesResponseSchema),
    example: { from: 'now-6h' },
  },
] as const satisfies readonly ApiRoute[];

const STACKS = [
  {
    method: 'get',
    path: 'flamegraph',
    summary: 'The merged call tree, or an export of everything.',
    query: [flamegraphQuerySchema],
    answers: treeOr(EXPORT_FORMATS),
    example: { query: CHECKOUT, from: 'now-6h', focus: 'encoding/json' },
  },
  {
    method: 'get',
    path: 'flamegraph/diff',
    summary: 'Two merged call trees side by side; left is before, right is after.',
    query: [diffQuerySchema],
    answers: treeOr(DIFF_EXPORT_FORMATS),
    example: { ...VERSIONS, normalize: 'instance_seconds' },
  },
  {
    method: 'get',
    path: 'profile.pb.gz',
    summary: 'The merged profile as pprof, which `go tool pprof` opens by address.',
    query: [flamegraphQuerySchema.omit({ format: true, max_nodes: true, root: true, invert: true })],
    answers: { [EXPORTS.pprof.mediaType]: undefined },
    example: { query: CHECKOUT },
  },
  {
    method: 'get',
    path: 'top',
    summary: 'Functions by cost; with two sides by the size of their change.',
    query: [topQuerySchema, topDiffQuerySchema],
    answers: { ...json(topResponseSchema), 'text/csv': undefined, 'text/markdown': undefined },
    example: { query: CHECKOUT, sort: 'total', limit: '20' },
  },
  {
    method: 'get',
    path: 'sandwich',
    summary: 'Who calls a function and what it calls; with two sides it compares.',
    query: [sandwichQuerySchema, sandwichDiffQuerySchema],
    answers: json(sandwichResponseSchema),
    example: { query: CHECKOUT, function: 'runtime.mallocgc' },
  },
  {
    method: 'get',
    path: 'explain',
    summary: 'What explains a change: labels and functions by the part of it that they carry.',
    query: [explainQuerySchema],
    answers: { ...json(explainResponseSchema), 'text/markdown': undefined },
    example: VERSIONS,
  },
] as const satisfies readonly ApiRoute[];

const PROFILES = [
  {
    method: 'get',
    path: 'profiles',
    summary: 'Single profiles of a selector, newest first.',
    query: [profilesQuerySchema],
    answers: json(profilesResponseSchema),
    example: { query: CHECKOUT, limit: '10' },
  },
  {
    method: 'get',
    path: 'profiles/{id}',
    summary: 'One profile as call tree or export.',
    query: [profileQuerySchema],
    answers: treeOr(EXPORT_FORMATS),
    example: { id: ID_EXAMPLE, format: 'collapsed' },
  },
  {
    method: 'get',
    path: 'timeline',
    summary: 'Totals over time, by the values of a label.',
    query: [timelineQuerySchema],
    answers: json(timelineResponseSchema),
    example: { query: CHECKOUT, group_by: 'version', step: '60000', limit: '5' },
  },
  {
    method: 'get',
    path: 'heatmap',
    summary: 'How the sizes of profiles are distributed over time.',
    query: [heatmapQuerySchema],
    answers: json(heatmapResponseSchema),
    example: { query: CHECKOUT, scale: 'log' },
  },
] as const satisfies readonly ApiRoute[];

const ROUTES = [
  ...DISCOVERY,
  ...STACKS,
  ...PROFILES,
  ...ALERTING_ROUTES,
  ...CHANGE_ROUTES,
  {
    method: 'get',
    path: 'openapi.json',
    summary: 'This document.',
    answers: { 'application/json': undefined },
    example: {},
  },
] as const satisfies readonly ApiRoute[];

/** Every call of the API on port 4040. */
export const API_ROUTES: readonly ApiRoute[] = ROUTES;

/** The same as types, of which `@everflame/client` is made. */
export type ApiRoutes = (typeof ROUTES)[number];
