/** The database of each component. One URL serves all three unless a component has its own. */
export type DatabaseUrls = { readonly token: string; readonly warden: string; readonly keys: string };
