/* global document */
import { element } from "./view.js";

/** Of more, the number is enough. */
const maxShown = 20;

/**
 * This device first.
 *
 * @param onDelete - called with the ID of a device to delete
 */
export function showDevices(devices, ownId, onDelete) {
  const ordered = devices.toSorted((one, other) => (other.device_id === ownId) - (one.device_id === ownId));
  element("more-devices").textContent = ordered.length > maxShown ? `and ${ordered.length - maxShown} others` : "";
  element("devices").replaceChildren(
    ...ordered.slice(0, maxShown).map((device) => {
      const li = document.createElement("li");
      const name = document.createElement("span");
      const isOwn = device.device_id === ownId;
      name.textContent = `${device.device_id}${isOwn ? " (this one)" : ""}`;
      const kind = document.createElement("small");
      kind.textContent = device.display_name ?? "without a name";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Delete";
      button.setAttribute("aria-label", `Delete device ${device.device_id}`);
      button.addEventListener("click", () => {
        onDelete(device.device_id);
      });
      name.append(kind);
      li.append(name, button);
      return li;
    }),
  );
}

export function showIdentities(identities) {
  const items = identities.map(({ issuer, subject }) => `${subject} at ${issuer}`);
  element("identities").replaceChildren(
    ...(items.length > 0 ? items : ["None: you came with a password, or a token of a shared secret."]).map((text) => {
      const li = document.createElement("li");
      li.textContent = text;
      return li;
    }),
  );
}

/** One may have come by any of the providers that lead to the account. */
export function showProviderLogouts(providers) {
  element("provider-logout").hidden = providers.length === 0;
  element("provider-logout-links").replaceChildren(
    ...providers.map(({ issuer, end_session_endpoint: url }) => {
      const link = document.createElement("a");
      link.className = "button";
      link.target = "_blank";
      link.rel = "noopener";
      link.href = url;
      link.textContent = providers.length === 1 ? "Sign out at the provider" : `Sign out at ${issuer}`;
      return link;
    }),
  );
}

/** What the server asks for before it deletes: its User-Interactive Authentication. */
export function showProof(deviceId, { isThis, canMakeToken, pastedType, browserUrl }) {
  const consequence = isThis ? " It is the device that you are on: you will be logged out." : "";
  element("proof-text").textContent =
    `Before ${deviceId} is deleted, the server wants you to authenticate once more (User-Interactive Authentication).${consequence}`;
  element("prove-by-token").hidden = !canMakeToken;
  element("proof-token-form").hidden = pastedType === undefined;
  element("proof-token-label").textContent = `Or a token of this account, for ${pastedType}`;
  element("prove-by-browser").hidden = browserUrl === undefined;
  element("proven").hidden = browserUrl === undefined;
  if (browserUrl !== undefined) element("prove-by-browser").href = browserUrl;
  element("proof").hidden = false;
  element("proof-heading").focus();
}

export function hideProof() {
  element("proof-token").value = "";
  element("proof").hidden = true;
}
