// Decides requests with @cloud-copilot/iam-simulate: one line of JSON each, answered by one line with Allowed,
// ImplicitlyDenied or ExplicitlyDenied, or with why the request was not decided.

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const { principal, action, resource, account, known, resourcePolicy, identityPolicies } = JSON.parse(line)
  const { errors, overallResult } = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: known },
      identityPolicies: identityPolicies.map((policy, number) => ({ name: `policy${number}`, policy })),
      resourcePolicy,
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  console.log(errors ? `error: ${JSON.stringify(errors)}` : overallResult)
}
