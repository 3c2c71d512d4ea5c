import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

import { Service } from "./service.mjs";

const FOLDER = import.meta.dirname;

export const PORTS = { nginx: 8010, replicas: [8011, 8012, 8013], redis: 8016, postgres: 8017 };
export const URLS = {
  server: `http://127.0.0.1:${PORTS.nginx}`,
  redis: `redis://127.0.0.1:${PORTS.redis}`,
  postgres: `postgres://postgres@127.0.0.1:${PORTS.postgres}/postgres`,
};

/** Redis, Postgres, three replicas and nginx, all on loopback, with their data in `data`. */
export class Cluster {
  constructor(data, environment = {}) {
    mkdirSync(data, { recursive: true });
    // Postgres comes as a user of its own, and must get here.
    chmodSync(data, 0o755);
    this.redis = redis(data);
    this.postgres = postgres(data);
    this.replicas = PORTS.replicas.map((port) => replica(data, port, environment));
    this.nginx = nginx(data);
  }

  get services() {
    return [this.redis, this.postgres, ...this.replicas, this.nginx];
  }

  async start() {
    await Promise.all([this.redis.start(), this.postgres.start()]);
    const [first, ...others] = this.replicas;
    // Alone: it makes the secrets that the others find.
    await first.start();
    await Promise.all(others.map((replica) => replica.start()));
    await this.nginx.start();
  }

  async stop() {
    await this.nginx.stop();
    await Promise.all(this.replicas.map((replica) => replica.stop()));
    // Postgres's "fast": it waits for nobody.
    await Promise.all([this.redis.stop(), this.postgres.stop("SIGINT")]);
  }
}

function redis(data) {
  const folder = join(data, "redis");
  mkdirSync(folder, { recursive: true });
  const settings = {
    port: PORTS.redis,
    bind: "127.0.0.1",
    dir: folder,
    // A token that was used must stay used: written before it is answered, and never thrown out for want of memory.
    appendonly: "yes",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
  };
  return new Service({
    name: "Redis",
    command: "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    log: join(data, "redis.log"),
    isUp: answersPing,
  });
}

function postgres(data) {
  const folder = join(data, "postgres");
  const user = postgresUser();
  mkdirSync(folder, { recursive: true });
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const database = join(folder, "db");
  // The last file that initdb leaves behind: what it began and did not end is begun anew.
  if (!existsSync(join(database, "postgresql.auto.conf"))) {
    rmSync(database, { recursive: true, force: true });
    const args = ["--pgdata", database, "--username", "postgres", "--auth", "trust"];
    try {
      execFileSync(postgresProgram("initdb"), args, { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    } catch (error) {
      throw new Error(
        `Postgres can't make its database in ${database}: ${String(error.stderr || error.message).trim()}`,
        { cause: error },
      );
    }
  }
  return new Service({
    name: "Postgres",
    command: postgresProgram("postgres"),
    args: ["-D", join(folder, "db"), "-p", String(PORTS.postgres), "-h", "127.0.0.1", "-k", folder],
    cwd: folder,
    user,
    log: join(data, "postgres.log"),
    isUp: () => succeeds(postgresProgram("pg_isready"), ["-q", "-h", "127.0.0.1", "-p", String(PORTS.postgres)]),
  });
}

function replica(data, port, environment) {
  return new Service({
    name: `the replica on ${port}`,
    command: process.execPath,
    args: [join(FOLDER, "../dist/main.js")],
    env: {
      PORT: String(port),
      METRICS_PORT: String(port + 100),
      DATA_DIR: join(data, "secrets"),
      DATABASE_URL: URLS.postgres,
      REDIS_URL: URLS.redis,
      PUBLIC_BASE_URL: URLS.server,
      // A provider's sign-ins are in its memory: the first replica is the one of all.
      IDENTITY_PROVIDER: `http://127.0.0.1:${PORTS.replicas[0]}/idp`,
      TRUST_PROXY: "loopback",
      SINGLE_USE: "true",
      ...environment,
    },
    log: join(data, `replica-${port}.log`),
    isUp: () => answersVersions(`http://127.0.0.1:${port}`),
  });
}

function nginx(data) {
  const folder = join(data, "nginx");
  mkdirSync(folder, { recursive: true });
  return new Service({
    name: "nginx",
    // In Debian it is where only root's PATH leads.
    command: succeeds("nginx", ["-v"]) ? "nginx" : "/usr/sbin/nginx",
    args: ["-p", folder, "-c", join(FOLDER, "nginx.conf"), "-e", "stderr"],
    log: join(data, "nginx.log"),
    isUp: () => answersVersions(URLS.server),
  });
}

/** Postgres refuses to run as root. */
function postgresUser() {
  if (process.getuid() !== 0) return {};
  const idOf = (option) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

/** Debian keeps Postgres's programs apart, by version. */
function postgresProgram(name) {
  const folder = "/usr/lib/postgresql";
  const newest = readdirSync(folder)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  return join(folder, newest, "bin", name);
}

function succeeds(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function answersPing() {
  return new Promise((resolve) => {
    const socket = connect(PORTS.redis, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.on("data", (answer) => {
      resolve(answer.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}

async function answersVersions(url) {
  try {
    return (await fetch(`${url}/_matrix/client/versions`, { signal: globalThis.AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}
