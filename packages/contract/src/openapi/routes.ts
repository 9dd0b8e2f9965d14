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
import { type ApiRoute, json, route } from './api-route.ts';
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
  route('get', 'profile-types', 'Profile types with their kind.', {
    query: [rangeQuerySchema],
    answers: json(profileTypesResponseSchema),
    example: { from: 'now-1d' },
  }),
  route('get', 'labels', 'Names of labels.', {
    query: [discoveryQuerySchema],
    answers: json(labelNamesResponseSchema),
    example: { query: '{service_name="checkout"}' },
  }),
  route('get', 'labels/{name}/values', 'Values of one label; a matcher on the label searches among them.', {
    query: [discoveryQuerySchema],
    answers: json(labelValuesResponseSchema),
    example: { name: 'version', query: '{service_name=~"check.*",version=~"2.*"}' },
  }),
  route('get', 'series', 'Label sets per profile type.', {
    query: [discoveryQuerySchema],
    answers: json(seriesResponseSchema),
    example: { query: CHECKOUT, limit: '100' },
  }),
  route('get', 'services', 'Services with totals, rates, the previous range, versions and instances.', {
    query: [rangeQuerySchema],
    answers: json(servicesResponseSchema),
    example: { from: 'now-6h' },
  }),
] as const;

const STACKS = [
  route('get', 'flamegraph', 'The merged call tree, or an export of everything.', {
    query: [flamegraphQuerySchema],
    answers: treeOr(EXPORT_FORMATS),
    example: { query: CHECKOUT, from: 'now-6h', focus: 'encoding/json' },
  }),
  route('get', 'flamegraph/diff', 'Two merged call trees side by side; left is before, right is after.', {
    query: [diffQuerySchema],
    answers: treeOr(DIFF_EXPORT_FORMATS),
    example: { ...VERSIONS, normalize: 'instance_seconds' },
  }),
  route('get', 'profile.pb.gz', 'The merged profile as pprof, which `go tool pprof` opens by address.', {
    query: [flamegraphQuerySchema.omit({ format: true, max_nodes: true, root: true, invert: true })],
    answers: { [EXPORTS.pprof.mediaType]: undefined },
    example: { query: CHECKOUT },
  }),
  route('get', 'top', 'Functions by cost; with two sides by the size of their change.', {
    query: [topQuerySchema, topDiffQuerySchema],
    answers: { ...json(topResponseSchema), 'text/csv': undefined, 'text/markdown': undefined },
    example: { query: CHECKOUT, sort: 'total', limit: '20' },
  }),
  route('get', 'sandwich', 'Who calls a function and what it calls; with two sides it compares.', {
    query: [sandwichQuerySchema, sandwichDiffQuerySchema],
    answers: json(sandwichResponseSchema),
    example: { query: CHECKOUT, function: 'runtime.mallocgc' },
  }),
  route('get', 'explain', 'What explains a change: labels and functions by the part of it that they carry.', {
    query: [explainQuerySchema],
    answers: { ...json(explainResponseSchema), 'text/markdown': undefined },
    example: VERSIONS,
  }),
] as const;

const PROFILES = [
  route('get', 'profiles', 'Single profiles of a selector, newest first.', {
    query: [profilesQuerySchema],
    answers: json(profilesResponseSchema),
    example: { query: CHECKOUT, limit: '10' },
  }),
  route('get', 'profiles/{id}', 'One profile as call tree or export.', {
    query: [profileQuerySchema],
    answers: treeOr(EXPORT_FORMATS),
    example: { id: ID_EXAMPLE, format: 'collapsed' },
  }),
  route('get', 'timeline', 'Totals over time, by the values of a label.', {
    query: [timelineQuerySchema],
    answers: json(timelineResponseSchema),
    example: { query: CHECKOUT, group_by: 'version', step: '60000', limit: '5' },
  }),
  route('get', 'heatmap', 'How the sizes of profiles are distributed over time.', {
    query: [heatmapQuerySchema],
    answers: json(heatmapResponseSchema),
    example: { query: CHECKOUT, scale: 'log' },
  }),
] as const;

const ROUTES = [
  ...DISCOVERY,
  ...STACKS,
  ...PROFILES,
  ...CHANGE_ROUTES,
  route('get', 'openapi.json', 'This document.', { answers: { 'application/json': undefined } }),
] as const;

/** Every call of the API on port 4040. */
export const API_ROUTES: readonly ApiRoute[] = ROUTES;

/** The same as types, of which `@everflame/client` is made. */
export type ApiRoutes = (typeof ROUTES)[number];
