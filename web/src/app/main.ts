import { mount } from 'svelte';
import '../kit/style/tokens.css';
import '../kit/style/base.css';
import '../kit/style/app.css';
import App from './App.svelte';

const target = document.getElementById('app');
if (target) mount(App, { target });
