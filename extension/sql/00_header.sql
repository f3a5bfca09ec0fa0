\echo Use "CREATE EXTENSION jit_access" to load this file. \quit

