/**
 * A certificate that signs itself, for `localhost` and 127.0.0.1 until the year 2126. Its key is no secret: nobody trusts it but the tests.
 *
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=loopback -addext subjectAltName=DNS:localhost,IP:127.0.0.1
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmTCCAT+gAwIBAgIUXvUQsE2Qvq92BXXZnrpbYyF7Ok0wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIbG9vcGJhY2swIBcNMjYxMTIxMTAxODMxWhgPMjEyNjEwMjgx
MDE4MzFaMBMxETAPBgNVBAMMCGxvb3BiYWNrMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEn0nFXTAnlgagYKrpNzz1YJJ06LfQ18S6uimJzj01+R1Jcgo/7wSPnGf+
DW+JlOYkzrVMOTjWtlI3O15YoOctDaNvMG0wHQYDVR0OBBYEFMnewhObRPJdGi0m
4suz3tQpeSOZMB8GA1UdIwQYMBaAFMnewhObRPJdGi0m4suz3tQpeSOZMA8GA1Ud
EwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49
BAMCA0gAMEUCIQChjGgck5uw4Z7CEWFj7Iiak1/BdfKGb1i5yRTol1KJeAIgUgZc
A8etkltWIKpi7q2xQPNg/Ff3UDcrA9ynfspXQ7Q=
-----END CERTIFICATE-----
`;

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdcWva1Z0KWn8+3YI
x94DXQq0Hb5r0UnqwBsaB8uI7SqhRANCAASfScVdMCeWBqBgquk3PPVgknTot9DX
xLq6KYnOPTX5HUlyCj/vBI+cZ/4Nb4mU5iTOtUw5ONa2Ujc7Xlig5y0N
-----END PRIVATE KEY-----
`;
