/** Every operation on people: who is asked for what stands with each in the contract. */
import type { Bound } from '../operation.ts';
import { beginOwnProviderStep, beginProviderSignIn } from './begin-provider-sign-in.ts';
import { deleteUser } from './delete-user.ts';
import { finishProviderSignIn } from './finish-provider-sign-in.ts';
import { getSignInOptions } from './get-sign-in-options.ts';
import { createInvitation, deleteInvitation, listInvitations } from './invitations.ts';
import { changePassword, endOtherSignIns, endOwnSignIn, getMe, listOwnSignIns, patchMe, reauthenticate } from './me.ts';
import { inspectLink, redeemLink } from './redeem-link.ts';
import { getRegistration, putRegistration } from './registration.ts';
import { requestPasswordReset } from './request-password-reset.ts';
import { signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { signUp } from './sign-up.ts';
import { createResetLink, endUserSignIns, listUsers, patchUser } from './users.ts';

export const PEOPLE_OPERATIONS: readonly Bound[] = [
  getSignInOptions,
  signIn,
  signUp,
  signOut,
  inspectLink,
  redeemLink,
  requestPasswordReset,
  beginProviderSignIn,
  finishProviderSignIn,
  getMe,
  patchMe,
  changePassword,
  reauthenticate,
  beginOwnProviderStep,
  listOwnSignIns,
  endOwnSignIn,
  endOtherSignIns,
  listUsers,
  patchUser,
  deleteUser,
  endUserSignIns,
  createResetLink,
  listInvitations,
  createInvitation,
  deleteInvitation,
  getRegistration,
  putRegistration,
];
