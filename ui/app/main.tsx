import { createRoot } from 'react-dom/client';
import { startTexts } from '../texts/texts.ts';
import './app.css';
import { App } from './app.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('there is no root element');
await startTexts();
createRoot(root).render(<App />);
