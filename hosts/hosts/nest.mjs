import "reflect-metadata";

import { Body, Controller, Get, Module, Post, Res } from "@nestjs/common";

import { FLOWS, logIn, LOGIN } from "./own-login.mjs";

/** What TypeScript makes of decorators. */
function decorate(target, method, decorators, parameters) {
  for (const decorator of decorators) {
    decorator(target.prototype, method, Object.getOwnPropertyDescriptor(target.prototype, method));
  }
  parameters.forEach((parameter, index) => parameter(target.prototype, method, index));
}

class LoginController {
  flows() {
    return FLOWS;
  }

  logIn(body, res) {
    const { status, answer } = logIn(body);
    // `passthrough`: Nest sends what is returned.
    res[typeof res.code === "function" ? "code" : "status"](status);
    return answer;
  }
}
decorate(LoginController, "flows", [Get(LOGIN)], []);
decorate(LoginController, "logIn", [Post(LOGIN)], [Body(), Res({ passthrough: true })]);
Controller()(LoginController);

export class AppModule {}
Module({ controllers: [LoginController] })(AppModule);

export async function startNest(app, login) {
  if (login !== undefined) app.use(login);
  await app.listen(0, "127.0.0.1");
  const server = app.getHttpServer();
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections();
      await app.close();
    },
  };
}
