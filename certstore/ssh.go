package certstore

import (
	"github.com/ediport/ediport/internal/trap"
	"golang.org/x/crypto/ssh"
)

// SSHSigner returns the private key for golang.org/x/crypto/ssh: as the host
// key of a server, or to authenticate a client. An RSA key signs with SHA-2 and
// SHA-1, as the two sides agree; ssh.NewSignerWithAlgorithms narrows that down.
//
// The error has code 273 when there is no private key, or when SSH has no form
// for its kind: there are forms for RSA, Ed25519, and ECDSA with the curves
// P-256, P-384 and P-521.
func (c *Certificate) SSHSigner() (ssh.Signer, error) {
	if c.key == nil {
		return nil, trap.New(trap.CodeCredentials, "%v cannot be used as an SSH key: the store has no private key for it, or one with another password", c)
	}
	signer, err := ssh.NewSignerFromSigner(c.key)
	if err != nil {
		return nil, c.noSSH(err)
	}
	return signer, nil
}

// SSHPublicKey returns the public key for golang.org/x/crypto/ssh, with or
// without a private key beside it. The errors are those of [Certificate.SSHSigner].
func (c *Certificate) SSHPublicKey() (ssh.PublicKey, error) {
	if c.public == nil {
		return nil, trap.New(trap.CodeCredentials, "%v cannot be used as an SSH key: it has no public key", c)
	}
	public, err := ssh.NewPublicKey(c.public)
	if err != nil {
		return nil, c.noSSH(err)
	}
	return public, nil
}

func (c *Certificate) noSSH(err error) error {
	return trap.New(trap.CodeCredentials,
		"%v cannot be used as an SSH key: use RSA, Ed25519, or ECDSA with P-256, P-384 or P-521: %w", c, err)
}
