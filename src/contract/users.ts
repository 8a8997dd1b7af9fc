/** Users, invitations and how people may come in, as the admin API shows and changes them. */
import { z } from 'zod';
import { ROLES } from '../model/role.ts';
import type { Operation } from './operation.ts';

const InstantSchema = z.iso.datetime();
export const EmailSchema = z.email().max(254);
export const PersonNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u);

export const UserSchema = z
  .object({
    id: z.string(),
    email: z.string().nullable().meta({ description: 'Null where an identity provider vouches for none' }),
    name: z.string(),
    role: z.enum(ROLES),
    isDisabled: z.boolean(),
    hasPassword: z.boolean(),
    createdAt: InstantSchema,
    lastSignInAt: InstantSchema.nullable(),
  })
  .meta({ id: 'User', description: 'A person who can sign in' });
export type User = z.infer<typeof UserSchema>;

const UserParams = z.strictObject({ id: z.string().regex(/^[\w:.-]{1,200}$/) });

export const ListUsers = {
  id: 'listUsers',
  method: 'GET',
  path: '/api/v1/users',
  summary: 'Users, oldest first',
  access: 'user:read',
  query: z.strictObject({
    cursor: z.string().regex(/^[\w-]{1,100}$/).optional().meta({ description: 'nextCursor of the page before' }),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    role: z.enum(ROLES).optional(),
  }),
  answer: z.object({ items: z.array(UserSchema), nextCursor: z.string().nullable() }),
  status: 200,
} as const satisfies Operation;

export const PatchUser = {
  id: 'patchUser',
  method: 'PATCH',
  path: '/api/v1/users/{id}',
  summary: 'Changes the role of a user, or lets it in no more; both count at once. Operators are changed by operators only, and the last one stays',
  access: 'user:write',
  params: UserParams,
  body: z.strictObject({ role: z.enum(ROLES).optional(), isDisabled: z.boolean().optional() }),
  answer: UserSchema,
  status: 200,
} as const satisfies Operation;

export const DeleteUser = {
  id: 'deleteUser',
  method: 'DELETE',
  path: '/api/v1/users/{id}',
  summary: 'Deletes a user: its sign-ins, keys, consents and grants end at once. While it owns objects that is refused, unless they are deleted or transferred',
  access: 'user:write',
  params: UserParams,
  query: z.strictObject({
    objects: z.enum(['refuse', 'delete', 'transfer']).default('refuse').meta({ description: 'What becomes of what is private to it' }),
    to: z.string().max(200).optional().meta({ description: 'transfer: id of the user who gets it' }),
  }),
  answer: z.object({ id: z.string(), objects: z.array(z.string()).meta({ description: 'section.name of each that it owned' }), keys: z.array(z.string()).meta({ description: 'Ids of the keys that were revoked' }) }),
  status: 200,
} as const satisfies Operation;

export const EndUserSignIns = {
  id: 'endUserSignIns',
  method: 'DELETE',
  path: '/api/v1/users/{id}/sign-ins',
  summary: 'Ends every sign-in of a user',
  access: 'user:write',
  params: UserParams,
  answer: z.object({ ended: z.int() }),
  status: 200,
} as const satisfies Operation;

const MadeLinkShape = { link: z.string().meta({ description: 'For its person alone; shown this once, works once' }), expiresAt: InstantSchema } as const;

export const CreateResetLink = {
  id: 'createResetLink',
  method: 'POST',
  path: '/api/v1/users/{id}/reset-link',
  summary: 'Makes a one-time link with which a user sets a new password',
  access: 'user:write',
  params: UserParams,
  answer: z.object(MadeLinkShape),
  status: 201,
} as const satisfies Operation;

export const InvitationSchema = z
  .object({ id: z.string(), role: z.enum(ROLES), email: z.string().nullable(), createdBy: z.string(), createdAt: InstantSchema, expiresAt: InstantSchema })
  .meta({ id: 'Invitation', description: 'A one-time link that makes a user, not used yet; without the link itself' });
export type Invitation = z.infer<typeof InvitationSchema>;

export const ListInvitations = {
  id: 'listInvitations',
  method: 'GET',
  path: '/api/v1/invitations',
  summary: 'Invitations that can still be used, oldest first',
  access: 'user:read',
  answer: z.object({ items: z.array(InvitationSchema) }),
  status: 200,
} as const satisfies Operation;

export const CreateInvitation = {
  id: 'createInvitation',
  method: 'POST',
  path: '/api/v1/invitations',
  summary: 'Invites a person with a role; sent by mail where there is an address and a mail server',
  access: 'user:write',
  body: z.strictObject({
    role: z.enum(ROLES).default('member'),
    email: EmailSchema.nullable().default(null).meta({ description: 'The only address it can be used with; null: any' }),
    hours: z.int().min(1).max(720).default(168).meta({ description: 'How long it can be used' }),
  }),
  answer: z.object({ ...InvitationSchema.shape, ...MadeLinkShape, isMailed: z.boolean() }),
  status: 201,
} as const satisfies Operation;

export const DeleteInvitation = {
  id: 'deleteInvitation',
  method: 'DELETE',
  path: '/api/v1/invitations/{id}',
  summary: 'Takes an invitation back',
  access: 'user:write',
  params: UserParams,
  answer: InvitationSchema,
  status: 200,
} as const satisfies Operation;

export const RegistrationSchema = z
  .object({
    formSignUp: z.boolean().meta({ description: 'Anyone who reaches the gateway can become a member by a form' }),
    ssoSignUp: z.boolean().meta({ description: 'Whoever the identity provider knows becomes a user at the first sign-in' }),
    passwordSignIn: z.boolean().meta({ description: 'People sign in with e-mail address and password' }),
  })
  .meta({ id: 'Registration', description: 'How people may come in' });
export type Registration = z.infer<typeof RegistrationSchema>;

export const GetRegistration = {
  id: 'getRegistration',
  method: 'GET',
  path: '/api/v1/settings/registration',
  summary: 'How people may come in',
  access: 'settings:read',
  answer: RegistrationSchema,
  status: 200,
} as const satisfies Operation;

export const PutRegistration = {
  id: 'putRegistration',
  method: 'PUT',
  path: '/api/v1/settings/registration',
  summary: 'Sets how people may come in; holds at once and after a restart',
  access: 'settings:write',
  body: z.strictObject(RegistrationSchema.shape),
  answer: RegistrationSchema,
  status: 200,
} as const satisfies Operation;
