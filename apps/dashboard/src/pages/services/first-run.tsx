import type { ReactNode } from 'react';

const GO_TARGET = `# everflame.yaml
scrape_configs:
  - job_name: checkout
    scrape_interval: 15s
    static_configs:
      - targets: ['127.0.0.1:6060']
        labels:
          service_name: checkout
          version: '1.0.0'`;

const GO_CODE = `import _ "net/http/pprof"

go http.ListenAndServe("127.0.0.1:6060", nil)`;

const PUSH = `curl --data-binary @cpu.pb.gz \\
  'http://127.0.0.1:4041/api/v1/profiles?service_name=checkout&version=1.0.0'`;

function Snippet({ children }: { children: string }) {
  return (
    <pre className="snippet" tabIndex={0}>
      <code>{children}</code>
    </pre>
  );
}

function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="stack first-run-step">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** What to do when no profile has ever arrived. */
export function FirstRun() {
  return (
    <>
      <p className="row waiting" role="status">
        <span className="live-dot" aria-hidden="true" /> Waiting for the first profile. This page looks every
        3 seconds.
      </p>
      <div className="first-run">
        <Step title="1. Scrape a Go service">
          <p>Serve pprof in the service, on a port that only Everflame can reach:</p>
          <Snippet>{GO_CODE}</Snippet>
          <p>and name it in the configuration:</p>
          <Snippet>{GO_TARGET}</Snippet>
        </Step>
        <Step title="2. Scrape a Node.js service">
          <p>
            Any server that answers <code>/debug/pprof/profile</code> and <code>/debug/pprof/heap</code> in
            pprof format can be a target; in Node.js the package <code>@datadog/pprof</code> makes such
            profiles. Add its address under <code>targets</code> in the same way.
          </p>
        </Step>
        <Step title="3. Or push a profile that you have">
          <Snippet>{PUSH}</Snippet>
          <p>Every query parameter becomes a label. Gzip or plain pprof, any language.</p>
        </Step>
      </div>
    </>
  );
}
