import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from './version.ts';

export { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Adds a gauge whose value is asked for when it is scraped. */
export function watchGauge(registry: Registry, name: string, help: string, value: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

/** A registry with the metrics of the Node process and its version, labelled with the service; serve it at /metrics. */
export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'everflame_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'commit'],
    registers: [registry],
  }).set({ ...VERSION }, 1);
  return registry;
}
