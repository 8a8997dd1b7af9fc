import { GetSignInOptions } from '../../contract/sign-in.ts';
import { countOperators } from '../../storage/users.ts';
import { bindRead } from '../operation.ts';
import { readRegistration } from '../configuration/registration-rules.ts';

export const getSignInOptions = bindRead(GetSignInOptions, async ({ db, services }) => {
  const { provider, sendMail } = services.people;
  return {
    ...readRegistration(services),
    hasOperator: (await countOperators(db)) > 0,
    provider: provider === undefined ? null : { id: provider.id },
    resetByMail: sendMail !== undefined,
  };
});
