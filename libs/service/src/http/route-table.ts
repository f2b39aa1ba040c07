/** The routes of an HTTP app, to know which methods a path has. */
export type RouteTable = {
  add(method: string | readonly string[], pattern: string): void;
  /** Methods of the path as it came (percent-encoded), sorted; empty when no route has it. */
  methodsOf(path: string): readonly string[];
  /** Pattern of the route that has the path. */
  patternOf(path: string): string | undefined;
};

type Route = { readonly pattern: string; readonly segments: readonly string[]; readonly methods: Set<string> };

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function matches(route: Route, segments: readonly string[]): boolean {
  const last = route.segments.at(-1);
  if (last === '*' ? segments.length < route.segments.length : segments.length !== route.segments.length) return false;
  return route.segments.every((pattern, index) => {
    const segment = segments[index] ?? '';
    if (pattern === '*') return true;
    return pattern.startsWith(':') ? segment !== '' : pattern === decode(segment);
  });
}

export function createRouteTable(): RouteTable {
  const routes = new Map<string, Route>();

  function find(path: string): readonly Route[] {
    const segments = path.split('/');
    return [...routes.values()].filter((route) => matches(route, segments));
  }

  return {
    add(method, pattern) {
      const route = routes.get(pattern) ?? { pattern, segments: pattern.split('/'), methods: new Set() };
      for (const one of typeof method === 'string' ? [method] : method) route.methods.add(one);
      routes.set(pattern, route);
    },
    methodsOf: (path) => [...new Set(find(path).flatMap((route) => [...route.methods]))].sort(),
    patternOf: (path) => find(path)[0]?.pattern,
  };
}
