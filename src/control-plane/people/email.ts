/** The form of an e-mail address that is compared and stored: case says nothing to people, and next to no mail server cares. */
export function toStoredEmail(email: string): string {
  return email.trim().normalize('NFKC').toLowerCase();
}
