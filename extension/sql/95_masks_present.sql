
-- Labels outlive DROP EXTENSION: with the extension back they hold again.
SELECT jit.refresh_masks(NULL);
