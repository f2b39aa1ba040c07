export type GuideFacts = {
  readonly programName: string;
  readonly clusterUrl: string;
  readonly consentUrl: string;
  /** Address of the Warden's gRPC door. */
  readonly wardenTarget: string;
  readonly dataFolder: string;
  readonly certificate: string;
  readonly root: { readonly id: string; readonly secret: string };
};

/** What `start` prints once everything is ready. */
export function guide(facts: GuideFacts): string {
  const command = `npx ${facts.programName}`;
  return `
Castellan is ready.

  OAuth 2.0, OpenID Connect and admin API   ${facts.clusterUrl}
  Login and consent (dan@acme.com, secret)  ${facts.consentUrl}
  Warden over gRPC, mutual TLS              ${facts.wardenTarget}
  Data, certificates, secrets               ${facts.dataFolder}

  Admin client id                           ${facts.root.id}
  Admin client secret                       ${facts.root.secret}

Type next, in another terminal:

  export TLS_CA_FILE=${shellWord(facts.certificate)}
  ${command} connect --url ${facts.clusterUrl} --id ${shellWord(facts.root.id)}
  ${command} token client
  ${command} token user --scopes openid,offline

The second one asks for the client secret. \`npm run tour\` plays the whole tutorial. Stop with Ctrl+C.

`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
