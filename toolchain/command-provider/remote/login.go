package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// finalError is an error that another attempt to connect cannot mend.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// clientConfig says how to log in and which server to accept. The agent's connection, if there is one, is to be closed
// after the login.
func (e *Endpoint) clientConfig(ctx context.Context) (*ssh.ClientConfig, func(), error) {
	config := &ssh.ClientConfig{User: orDefault(e.User, defaultUser)}
	if err := e.verifyHost(config); err != nil {
		return nil, nil, finalError{err}
	}
	signers, err := e.keySigners()
	if err != nil {
		return nil, nil, finalError{err}
	}
	keys, closeAgent, err := e.dialAgent()
	if err != nil && len(signers) == 0 && e.Password == nil {
		return nil, nil, finalError{err}
	}
	if err != nil {
		p.GetLogger(ctx).Debugf("logging in to %s without an SSH agent: %v", e.address(), err)
	}
	if keys != nil || len(signers) > 0 {
		config.Auth = append(config.Auth, publicKeys(signers, keys))
	}
	if e.Password != nil {
		config.Auth = append(config.Auth, ssh.Password(*e.Password), ssh.KeyboardInteractive(answerWith(*e.Password)))
	}
	return config, closeAgent, nil
}

// verifyHost makes the client accept only the server with `hostKey`, or any server if there is none.
func (e *Endpoint) verifyHost(config *ssh.ClientConfig) error {
	if e.HostKey == nil {
		config.HostKeyCallback = ssh.InsecureIgnoreHostKey()
		return nil
	}
	expected, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
	if err != nil {
		return fmt.Errorf("hostKey of %s: %w; it must be one line like `ssh-ed25519 AAAA...`", e.address(), err)
	}
	config.HostKeyAlgorithms = algorithms(expected.Type())
	config.HostKeyCallback = func(_ string, _ net.Addr, offered ssh.PublicKey) error {
		if bytes.Equal(offered.Marshal(), expected.Marshal()) {
			return nil
		}
		return finalError{fmt.Errorf("host key mismatch: %s offers %s %s, but hostKey is %s %s", e.address(),
			offered.Type(), ssh.FingerprintSHA256(offered), expected.Type(), ssh.FingerprintSHA256(expected))}
	}
	return nil
}

// algorithms lists the signature algorithms of a key type: RSA keys sign with newer ones than their name says.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

func (e *Endpoint) keySigners() ([]ssh.Signer, error) {
	if e.PrivateKey == nil {
		return nil, nil
	}
	var signer ssh.Signer
	var err error
	if e.PrivateKeyPassword == nil {
		signer, err = ssh.ParsePrivateKey([]byte(*e.PrivateKey))
	} else {
		signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	}
	if err != nil {
		return nil, fmt.Errorf("privateKey for %s: %w", e.address(), err)
	}
	return []ssh.Signer{signer}, nil
}

// dialAgent connects to the SSH agent, if one is named. Without one it returns no agent and no error.
func (e *Endpoint) dialAgent() (agent.ExtendedAgent, func(), error) {
	nothing := func() {}
	path := orDefault(e.AgentSocketPath, os.Getenv("SSH_AUTH_SOCK"))
	if path == "" {
		return nil, nothing, nil
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return nil, nothing, fmt.Errorf("SSH agent for %s: %w", e.address(), err)
	}
	return agent.NewClient(conn), func() { _ = conn.Close() }, nil
}

// publicKeys offers the given keys first, then the agent's: SSH clients try each method only once, so both must be in
// one method.
func publicKeys(signers []ssh.Signer, keys agent.ExtendedAgent) ssh.AuthMethod {
	return ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
		if keys == nil {
			return signers, nil
		}
		held, err := keys.Signers()
		if err != nil && len(signers) == 0 {
			return nil, err
		}
		return slices.Concat(signers, held), nil
	})
}

func answerWith(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, _ []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range answers {
			answers[i] = password
		}
		return answers, nil
	}
}

// isFinal says whether trying again is of no use: the server is not the expected one or the input is wrong.
func isFinal(err error) bool {
	var final finalError
	var negotiation *ssh.AlgorithmNegotiationError
	return errors.As(err, &final) || errors.As(err, &negotiation)
}
