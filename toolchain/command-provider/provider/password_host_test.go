package provider_test

import (
	"errors"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"
)

// startPasswordHost serves SSH in this process, to one password by one method, and answers every command with "hello".
// A real sshd would need a user of the machine with a known password.
func startPasswordHost(t *testing.T, method, password string) int {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(newKey(t).raw)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{}
	config.AddHostKey(signer)
	verify := func(given string) (*ssh.Permissions, error) {
		if given != password {
			return nil, errors.New("wrong password")
		}
		return nil, nil
	}
	if method == "password" {
		config.PasswordCallback = func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
			return verify(string(given))
		}
	} else {
		config.KeyboardInteractiveCallback = func(
			_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge,
		) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || len(answers) != 1 {
				return nil, errors.New("no answer")
			}
			return verify(answers[0])
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go sayHello(conn, config)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func sayHello(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range asked {
			_ = request.Reply(request.Type == "exec", nil)
			if request.Type == "exec" {
				_, _ = channel.Write([]byte("hello\n"))
				_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
				_ = channel.Close()
			}
		}
	}
}
