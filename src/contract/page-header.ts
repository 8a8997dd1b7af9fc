/** The header that a page must send with every change; a foreign page cannot without asking first (Fetch standard, CORS). */
export const PAGE_HEADER = 'x-metamcp-page';
