// What the language has and TypeScript has not, typed as an author of TypeScript would type it.

interface Step<B> {
  status: number;
  headers: Record<string, string | undefined>;
  body: B;
  skipped: boolean;
}

interface Failure {
  status: number;
  body: any;
  kind: string;
  step: string;
  message: string;
  attempts: number;
}

// What openapi-fetch answers, once an error has been thrown.
declare function ok<R extends { data?: unknown }>(result: R): Step<Exclude<R["data"], undefined>>;
declare function list<T>(xs: readonly T[] | null | undefined): T[];
declare function pick<T extends object>(table: T, key: unknown): T[keyof T] | undefined;

declare function fn_n_len(x: string | readonly unknown[] | object): number;
declare function fn_n_lower(s: string): string;
declare function fn_n_upper(s: string): string;
declare function fn_n_trim(s: string): string;
declare function fn_n_title(s: string): string;
declare function fn_n_slug(s: string): string;
declare function fn_n_truncate(s: string, n: number): string;
declare function fn_n_replace(s: string, a: string, b: string): string;
declare function fn_n_split(s: string, sep: string): string[];
declare function fn_n_join(xs: readonly string[], sep: string): string;
declare function fn_n_format(f: string, ...args: unknown[]): string;
declare function fn_n_hasPrefix(s: string, p: string): boolean;
declare function fn_n_hasSuffix(s: string, p: string): boolean;
declare function fn_n_string(x: unknown): string;
declare function fn_n_int(x: string | number): number;
declare function fn_n_float(x: string | number): number;
declare function fn_n_decimal(x: string | number): number;
declare function fn_n_round(x: number): number;
declare function fn_n_floor(x: number): number;
declare function fn_n_ceil(x: number): number;
declare function fn_n_abs(x: number): number;
declare function fn_n_clamp(x: number, low: number, high: number): number;
declare function fn_n_sum(xs: readonly number[]): number;
declare function fn_n_first<T>(xs: readonly T[]): T | undefined;
declare function fn_n_last<T>(xs: readonly T[]): T | undefined;
declare function fn_n_take<T>(xs: readonly T[], n: number): T[];
declare function fn_n_collect<T>(xs: readonly T[]): T[];
declare function fn_n_concat<T>(...xs: (readonly T[])[]): T[];
declare function fn_n_uniq<T>(xs: readonly T[]): T[];
declare function fn_n_sort<T>(xs: readonly T[]): T[];
declare function fn_n_keys(x: object): string[];
declare function fn_n_merge<A, B>(a: A, b: B): A & B;
declare function fn_n_reveal<T>(x: T, why: string): T;
declare function fn_n_jsonencode(x: unknown): string;
declare function fn_n_format_time(t: any, layout: string, zone?: string): string;
declare function fn_n_unix(t: any): number;
declare function fn_n_regex_find(pattern: string, s: string): string | undefined;
declare function fn_n_regex_replace(s: string, pattern: string, by: string): string;
declare function fn_n_sha256(s: string): string;
declare function fn_n_url_encode(s: string): string;
