import { addon, addonFolder } from '../../lib/addon/index.js';

// Without the sanitizer the tests would pass and say nothing.
if (!('plantFault' in addon)) throw new Error(`the addon in ${addonFolder} was not built with a sanitizer`);
