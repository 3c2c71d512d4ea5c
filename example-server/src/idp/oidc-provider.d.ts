// `#oidc-provider` in package.json is the provider itself. The package's own entry does no more than warn of Node 20, and
// export this.
export { default as Provider } from "oidc-provider";
