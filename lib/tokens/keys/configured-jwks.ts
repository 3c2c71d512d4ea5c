export function configuredJwks<T>(x:T):T{return x}
