import { MatrixError, type Middleware, type Router, type RouterRequest } from "./router.js";
import type { Session, Storage } from "./storage.js";

/** One stage of User-Interactive Authentication. Throws if it is not passed. */
export type Stage = (auth: Readonly<Record<string, unknown>>, userId: string) => Promise<unknown>;

/** What the homeserver's routes need of whoever authenticates its users. */
export interface Authentication {
  readonly requireAuth: Middleware;
  readonly issueToken: (session: Session) => string;
  readonly stages: Readonly<Record<string, Stage>>;
}

const CLIENT = "/_matrix/client/v3";

export function registerRoutes(router: Router, storage: Storage, auth: Authentication): void {
  const { requireAuth, issueToken, stages } = auth;
  const user = ({ userId = "" }: RouterRequest) => userId;

  router.add("GET", `${CLIENT}/login`, () => ({ status: 200, body: { flows: [{ type: "m.login.password" }] } }));
  router.add("POST", `${CLIENT}/login`, async ({ body }) => {
    if (body["type"] !== "m.login.password" || body["password"] !== "correct horse") {
      throw new MatrixError(403, { errcode: "M_FORBIDDEN", error: "Invalid username or password" });
    }
    const session = { userId: "@own:example.org", deviceId: "OWN" };
    await storage.createUser({ userId: session.userId, displayName: undefined });
    await storage.createSession(session);
    return {
      status: 200,
      body: { user_id: session.userId, access_token: issueToken(session), device_id: session.deviceId },
    };
  });
  router.add(
    "GET",
    `${CLIENT}/account/whoami`,
    (req) => ({ status: 200, body: { user_id: req.userId, device_id: req.deviceId } }),
    requireAuth,
  );
  router.add(
    "POST",
    `${CLIENT}/logout`,
    async (req) => {
      await storage.deleteSession(user(req), req.deviceId);
      return { status: 200, body: {} };
    },
    requireAuth,
  );
  router.add(
    "POST",
    `${CLIENT}/delete_devices`,
    async (req) => {
      for (const device of req.body["devices"] as string[]) await storage.deleteSession(user(req), device);
      return { status: 200, body: {} };
    },
    requireAuth,
    uia(storage, stages),
  );
}

/** The client-server API, "User-Interactive Authentication". */
function uia(storage: Storage, stages: Authentication["stages"]): Middleware {
  const flows = Object.keys(stages).map((stage) => ({ stages: [stage] }));
  return async (req, next) => {
    const { userId = "" } = req;
    const auth = req.body["auth"] as Record<string, unknown> | undefined;
    const session = auth === undefined ? await storage.createUiaSession(userId) : String(auth["session"]);
    const ask = { session, flows, params: {}, completed: [] };
    if (auth === undefined) throw new MatrixError(401, ask);
    const stage = stages[String(auth["type"])];
    if (stage === undefined) throw new MatrixError(401, { ...ask, errcode: "M_UNKNOWN", error: "Unknown stage" });
    try {
      await stage(auth, userId);
    } catch (error) {
      // A stage that failed may be tried again.
      if (!(error instanceof MatrixError) || error.status !== 403) throw error;
      throw new MatrixError(401, { ...ask, ...error.body });
    }
    if (await storage.endUiaSession(session, userId)) return next(req);
    throw new MatrixError(400, { errcode: "M_UNKNOWN", error: "Unknown session" });
  };
}
