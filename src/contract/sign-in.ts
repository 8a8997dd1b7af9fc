/** Signing in and out, and what people do with their own sign-ins. */
import { z } from 'zod';
import { ROLES } from '../model/role.ts';
import { PERMISSIONS, type Operation } from './operation.ts';
import { EmailSchema, PersonNameSchema, RegistrationSchema, UserSchema } from './users.ts';

const InstantSchema = z.iso.datetime();
/** Long enough for any; which are good enough is said where one is set. */
const PasswordSchema = z.string().min(1).max(1_000);
const LinkTokenSchema = z.string().regex(/^[\w-]{1,200}$/).meta({ description: 'What stands behind the # of a one-time link' });
/** A path of ours, never an address elsewhere. */
const ReturnToSchema = z
  .string()
  .max(2_000)
  .regex(/^\/(?![/\\])[\x21-\x7e]*$/)
  .default('/');

export const MeSchema = z
  .object({
    kind: z.enum(['user', 'operator']).meta({ description: 'operator: the operator token, which belongs to no user' }),
    user: UserSchema.nullable(),
    permissions: z.array(z.enum(PERMISSIONS)),
    reauthUntil: InstantSchema.nullable().meta({ description: 'Until when what is far-reaching can be done without confirming who one is; null for the operator token' }),
    signedInUntil: InstantSchema.nullable(),
    providers: z.array(z.object({ issuer: z.string(), groups: z.array(z.string()) })).meta({ description: 'Logins of identity providers that lead here' }),
  })
  .meta({ id: 'Me', description: 'Who asks, and what it may do' });
export type Me = z.infer<typeof MeSchema>;

export const GetSignInOptions = {
  id: 'getSignInOptions',
  method: 'GET',
  path: '/api/v1/sign-in',
  summary: 'How people can sign in here',
  access: 'public',
  answer: z.object({
    ...RegistrationSchema.shape,
    hasOperator: z.boolean().meta({ description: 'False: the link of the start message makes the first one' }),
    provider: z.object({ id: z.string() }).nullable().meta({ description: 'The identity provider' }),
    resetByMail: z.boolean(),
  }),
  status: 200,
} as const satisfies Operation;

export const SignIn = {
  id: 'signIn',
  method: 'POST',
  path: '/api/v1/sign-in',
  summary: 'Signs in with e-mail address and password; sets the cookie of the sign-in',
  access: 'public',
  body: z.strictObject({ email: z.string().min(1).max(254), password: PasswordSchema }),
  answer: MeSchema,
  status: 200,
} as const satisfies Operation;

export const SignUp = {
  id: 'signUp',
  method: 'POST',
  path: '/api/v1/sign-up',
  summary: 'Makes the person who asks a member and signs it in; off unless the operator allows it',
  access: 'public',
  body: z.strictObject({ email: EmailSchema, name: PersonNameSchema, password: PasswordSchema }),
  answer: MeSchema,
  status: 201,
} as const satisfies Operation;

export const SignOut = {
  id: 'signOut',
  method: 'POST',
  path: '/api/v1/sign-out',
  summary: 'Ends this sign-in',
  access: 'self:write',
  answer: z.object({}),
  status: 200,
} as const satisfies Operation;

export const InspectLink = {
  id: 'inspectLink',
  method: 'POST',
  path: '/api/v1/links/inspect',
  summary: 'What a one-time link is for; does not use it up',
  access: 'public',
  body: z.strictObject({ token: LinkTokenSchema }),
  answer: z.object({
    purpose: z.enum(['first_operator', 'invitation', 'password_reset']),
    role: z.enum(ROLES).nullable(),
    email: z.string().nullable().meta({ description: 'The only address it can be used with' }),
    expiresAt: InstantSchema,
  }),
  status: 200,
} as const satisfies Operation;

export const RedeemLink = {
  id: 'redeemLink',
  method: 'POST',
  path: '/api/v1/links/redeem',
  summary: 'Uses a one-time link: makes its user, or sets its new password, and signs in',
  access: 'public',
  body: z.strictObject({
    token: LinkTokenSchema,
    email: EmailSchema.optional().meta({ description: 'Of the new user' }),
    name: PersonNameSchema.optional().meta({ description: 'Of the new user; else the e-mail address' }),
    password: PasswordSchema,
  }),
  answer: MeSchema,
  status: 200,
} as const satisfies Operation;

export const RequestPasswordReset = {
  id: 'requestPasswordReset',
  method: 'POST',
  path: '/api/v1/password-reset',
  summary: 'Sends a link for a new password to the address, if a user has it; the answer is the same if none has',
  access: 'public',
  body: z.strictObject({ email: EmailSchema }),
  answer: z.object({}),
  status: 200,
} as const satisfies Operation;

const LocationAnswer = z.object({ location: z.string().meta({ description: 'Where the browser goes on' }) });

export const BeginProviderSignIn = {
  id: 'beginProviderSignIn',
  method: 'POST',
  path: '/api/v1/sign-in/provider',
  summary: 'Begins a sign-in at the identity provider',
  access: 'public',
  body: z.strictObject({ returnTo: ReturnToSchema, link: LinkTokenSchema.optional().meta({ description: 'An invitation to use with it' }) }),
  answer: LocationAnswer,
  status: 200,
} as const satisfies Operation;

export const BeginOwnProviderStep = {
  id: 'beginOwnProviderStep',
  method: 'POST',
  path: '/api/v1/me/provider',
  summary: 'Confirms at the identity provider who one is, or ties its login to this user',
  access: 'self:write',
  body: z.strictObject({ purpose: z.enum(['reauthentication', 'link']), returnTo: ReturnToSchema }),
  answer: LocationAnswer,
  status: 200,
} as const satisfies Operation;

export const FinishProviderSignIn = {
  id: 'finishProviderSignIn',
  method: 'GET',
  path: '/api/auth/oauth2/callback/{provider}',
  summary: 'Where the identity provider sends the browser back to; register it there as redirect URI',
  access: 'public',
  params: z.strictObject({ provider: z.string().max(100) }),
  // Providers may add parameters; each that counts is checked.
  query: z.looseObject({}),
  answer: LocationAnswer,
  status: 303,
} as const satisfies Operation;

export const GetMe = {
  id: 'getMe',
  method: 'GET',
  path: '/api/v1/me',
  summary: 'Who asks, and what it may do',
  access: 'self:read',
  answer: MeSchema,
  status: 200,
} as const satisfies Operation;

export const PatchMe = {
  id: 'patchMe',
  method: 'PATCH',
  path: '/api/v1/me',
  summary: 'Changes the own profile',
  access: 'self:write',
  body: z.strictObject({ name: PersonNameSchema }),
  answer: MeSchema,
  status: 200,
} as const satisfies Operation;

export const ChangePassword = {
  id: 'changePassword',
  method: 'POST',
  path: '/api/v1/me/password',
  summary: 'Sets a new own password; every other sign-in of the user ends',
  access: 'self:write',
  body: z.strictObject({ password: PasswordSchema, newPassword: PasswordSchema }),
  answer: MeSchema,
  status: 200,
} as const satisfies Operation;

export const Reauthenticate = {
  id: 'reauthenticate',
  method: 'POST',
  path: '/api/v1/me/reauthentication',
  summary: 'Confirms with the password who one is; the cookie gets a new value',
  access: 'self:write',
  body: z.strictObject({ password: PasswordSchema }),
  answer: MeSchema,
  status: 200,
} as const satisfies Operation;

export const SignInSchema = z
  .object({
    id: z.string(),
    isThisOne: z.boolean(),
    method: z.string().meta({ description: 'password, link, or provider: and its id' }),
    address: z.string(),
    browser: z.string(),
    createdAt: InstantSchema,
    lastSeenAt: InstantSchema,
  })
  .meta({ id: 'SignIn', description: 'Where a user is signed in' });

export const ListOwnSignIns = {
  id: 'listOwnSignIns',
  method: 'GET',
  path: '/api/v1/me/sign-ins',
  summary: 'Where one is signed in, newest first',
  access: 'self:read',
  answer: z.object({ items: z.array(SignInSchema) }),
  status: 200,
} as const satisfies Operation;

export const EndOwnSignIn = {
  id: 'endOwnSignIn',
  method: 'DELETE',
  path: '/api/v1/me/sign-ins/{id}',
  summary: 'Ends one of the own sign-ins',
  access: 'self:write',
  params: z.strictObject({ id: z.string().regex(/^[\w:.-]{1,200}$/) }),
  answer: z.object({ ended: z.int() }),
  status: 200,
} as const satisfies Operation;

export const EndOtherSignIns = {
  id: 'endOtherSignIns',
  method: 'DELETE',
  path: '/api/v1/me/sign-ins',
  summary: 'Ends every own sign-in but this one',
  access: 'self:write',
  answer: z.object({ ended: z.int() }),
  status: 200,
} as const satisfies Operation;
