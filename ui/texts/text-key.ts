/** The keys of the catalogues as types: a text that is not there does not compile. */
import type { en } from './en.ts';

type Joined<Prefix extends string, Key extends string> = Prefix extends '' ? Key : `${Prefix}.${Key}`;
/** Plural forms (CLDR) of one text are one key. */
type Singular<Key extends string> = Key extends `${infer Base}_${'one' | 'other'}` ? Base : Key;

type Leaves<Tree, Prefix extends string = ''> = {
  [Key in keyof Tree & string]: Tree[Key] extends string ? Joined<Prefix, Singular<Key>> : Leaves<Tree[Key], Joined<Prefix, Key>>;
}[keyof Tree & string];

export type TextKey = Leaves<typeof en>;

/** Catalogues of other languages have the same keys. */
export type Catalogue = Same<typeof en>;
type Same<Tree> = { readonly [Key in keyof Tree]: Tree[Key] extends string ? string : Same<Tree[Key]> };
